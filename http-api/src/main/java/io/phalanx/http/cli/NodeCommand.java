package io.phalanx.http.cli;

import com.typesafe.config.Config;
import io.phalanx.runtime.NodeAddress;
import io.phalanx.runtime.NodeSettings;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.RuntimeSettings;
import java.io.PrintWriter;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code phalanx node}: one more worker for a running cluster. */
@Command(
    name = "node",
    description = "Adds a worker node to a running cluster on this machine.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class NodeCommand implements Callable<Integer> {
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
      node.whenTerminated().toCompletableFuture().join();
    }
    return 0;
  }

  /** A node that joins by this command is a worker, and what its options say. */
  private void overrideNode() {
    options.override("phalanx.node.roles", "[worker]");
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
