package io.phalanx.http.cli;

import com.typesafe.config.Config;
import io.phalanx.http.HttpEndpoint;
import io.phalanx.http.HttpSettings;
import io.phalanx.llm.DeploymentPreflight;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigs;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.runtime.RuntimeSettings;
import io.phalanx.runtime.device.NativeRuntime;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code phalanx serve}: a local cluster that serves what a file says. */
@Command(
    name = "serve",
    description = "Starts a local cluster and serves the models of a configuration file.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields
final class ServeCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;
  @Mixin private ConfigOptions options;
  private final AtomicBoolean failed = new AtomicBoolean();

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    Config config = options.load();
    HttpSettings http = HttpSettings.of(config);
    RuntimeSettings.of(config);
    List<LlmConfig> models = LlmConfigs.parse(config);
    DeploymentPreflight.check(models, HubSettings.of(config));
    requireFree(http);

    say(
        out,
        "Starting Phalanx: " + String.join(", ", models.stream().map(LlmConfig::modelId).toList()));
    NativeRuntime.load(new UnpackReport(line -> say(out, line)));
    announceStop(out);
    try (Phalanx phalanx = Phalanx.launch(config, models, line -> say(out, "  " + line))) {
      InetSocketAddress address =
          HttpEndpoint.of(phalanx.system()).address().toCompletableFuture().join();
      say(out, "  http: bound to " + url(address) + ", loading");
      phalanx.awaitReady();
      StatusReport.lines(phalanx.status()).forEach(line -> say(out, line));
      welcome(url(address), models.get(0).modelId()).forEach(line -> say(out, line));
      phalanx.awaitStop();
    } catch (ServingException e) {
      failed.set(true);
      throw e;
    }
    return 0;
  }

  /** Refuses an address that is taken before anything is started. */
  private static void requireFree(HttpSettings http) {
    if (http.port() == 0) {
      return;
    }
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getByName(http.host()), http.port()));
    } catch (IOException e) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          HttpSettings.PATH
              + ".port: ["
              + http.host()
              + ":"
              + http.port()
              + "] is in use; stop what uses it, or give another port, such as -D "
              + HttpSettings.PATH
              + ".port=8001",
          e);
    }
  }

  /** Says at the JVM's exit that requests may end first, unless there was never anything to ask. */
  private void announceStop(PrintWriter out) {
    Runnable farewell =
        () -> {
          if (!failed.get()) {
            say(out, "Stopping: running requests may end first ...");
          }
        };
    Runtime.getRuntime().addShutdownHook(new Thread(farewell, "farewell"));
  }

  private static List<String> welcome(String url, String modelId) {
    return List.of(
        "",
        "Ready at " + url + " (OpenAI: base_url = " + url + "/v1). Try:",
        "",
        "  curl " + url + "/v1/chat/completions -H 'Content-Type: application/json' \\",
        "    -d '{\"model\": \""
            + modelId
            + "\", \"messages\": [{\"role\": \"user\", \"content\": \"What is a placement"
            + " group?\"}]}'",
        "",
        "Ctrl-C stops it.");
  }

  private static String url(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  private static void say(PrintWriter out, String line) {
    out.println(line);
    out.flush();
  }
}
