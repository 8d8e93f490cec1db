package io.phalanx.http.cli;

import com.typesafe.config.Config;
import io.phalanx.runtime.NodeAddress;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.NodeSettings;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.RuntimeSettings;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code phalanx node}: one more node, by default a worker, for a running cluster. */
@Command(
    name = "node",
    description = "Adds a node to a running cluster on this machine.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class NodeCommand implements Callable<Integer> {
  private static final Duration CONTROL_PATIENCE = Duration.ofSeconds(10);

  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options;

  @Option(
      names = "--join",
      required = true,
      paramLabel = "HOST:PORT",
      description = "A node of the cluster, as serve prints it. Loopback only until there is TLS.")
  private String join;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "The loopback address that this node listens on.")
  private @Nullable String host;

  @Option(names = "--port", paramLabel = "PORT", description = "Its port; by default a free one.")
  private @Nullable Integer port;

  @Option(
      names = "--gpus",
      paramLabel = "N",
      description = "How many GPUs it offers; logical ones if CUDA finds fewer.")
  private @Nullable Integer gpus;

  @Option(
      names = "--accelerator-type",
      paramLabel = "TYPE",
      description = "What its GPUs are called, such as L4.")
  private @Nullable String acceleratorType;

  @Option(
      names = "--roles",
      split = ",",
      paramLabel = "ROLE",
      description =
          "What it does: worker (default), control, ingress. Several control nodes let the cluster"
              + " outlive the one that serve started.")
  private List<NodeRole> roles = List.of(NodeRole.WORKER);

  @Option(
      names = "--http-port",
      paramLabel = "PORT",
      description = "Where an ingress answers HTTP; phalanx.http.port by default.")
  private @Nullable Integer httpPort;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    NodeAddress address = NodeAddress.parse(join);
    overrideNode();
    Config config = options.load();
    NodeSettings settings = RuntimeSettings.of(config).node();
    out.println("Joining the cluster at " + address + " ...");
    out.flush();
    try (PhalanxNode node = PhalanxNode.start(config, settings, Optional.of(join))) {
      out.println(
          "Joined as "
              + node.address()
              + " with "
              + StatusReport.devices(node.context().devices().slots())
              + ". Ctrl-C leaves the cluster.");
      out.flush();
      return awaitEnd(node);
    }
  }

  /** Waits until someone stops the node, or until the cluster has no use for it any more. */
  private int awaitEnd(PhalanxNode node) {
    CompletableFuture<Integer> stopped =
        node.whenTerminated().thenApply(done -> 0).toCompletableFuture();
    CompletableFuture<Integer> useless =
        node.whenWithoutControl(CONTROL_PATIENCE).thenApply(done -> 1).toCompletableFuture();
    int exitCode = stopped.applyToEither(useless, code -> code).join();
    if (exitCode != 0) {
      spec.commandLine()
          .getErr()
          .println(
              "phalanx: the cluster's last control node has left, so nothing will be placed here;"
                  + " join another cluster.");
    }
    return exitCode;
  }

  private void overrideNode() {
    options.override(
        "phalanx.node.roles", roles.stream().map(NodeRole::configName).toList().toString());
    if (httpPort != null) {
      options.override("phalanx.http.port", httpPort);
    }
    overrideNode("host", host);
    overrideNode("port", port);
    overrideNode("gpus", gpus);
    overrideNode("accelerator-type", acceleratorType);
  }

  private void overrideNode(String key, @Nullable Object value) {
    if (value != null) {
      options.override("phalanx.node." + key, value);
    }
  }
}
