package io.phalanx.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.http.DeploymentCluster;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * {@code phalanx deploy}, {@code status}, {@code scale} and {@code delete} on a running cluster.
 */
@Timeout(120) // seconds; what is never listed would be waited for without end
final class DeploymentCommandsTest {
  private static final DeploymentCluster cluster = DeploymentCluster.start();

  @TempDir Path directory;

  private StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @AfterEach
  void deleteAll() {
    cluster.delete("a");
    cluster.delete("b");
  }

  private int run(String... arguments) {
    out = new StringWriter();
    CommandLine line = PhalanxCommand.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(arguments);
  }

  private int runAtCluster(String... arguments) {
    String[] all = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, all, 0, arguments.length);
    all[arguments.length] = "--url";
    all[arguments.length + 1] = cluster.url();
    return run(all);
  }

  private JsonNode json() throws Exception {
    return new ObjectMapper().readTree(out.toString());
  }

  private String file(String engine) throws Exception {
    String model =
        """
        { model-loading-config { model-id = %s, model-source = embedded }
          deployment-config.autoscaling-config.max-replicas = 2
          engine-kwargs { %s } }
        """;
    String text =
        "phalanx.llm-configs = [" + model.formatted("a", engine) + model.formatted("b", "") + "]";
    return Files.writeString(directory.resolve("my.conf"), text).toString();
  }

  private void assertOneLine(String... parts) {
    assertThat(err.toString()).startsWith("phalanx: ").contains(parts);
    assertThat(err.toString().strip().lines()).hasSize(1);
  }

  @Test
  void deploy_statusScaleDelete_doWhatTheySay() throws Exception {
    assertThat(runAtCluster("deploy", file(""))).as(err.toString()).isZero();
    assertThat(out.toString().lines())
        .anyMatch(line -> line.startsWith("MODEL  STATE"))
        .anyMatch(line -> line.startsWith("a "))
        .anyMatch(line -> line.startsWith("b "));
    awaitListed("a", "b");

    assertThat(runAtCluster("scale", "a", "2")).isZero();
    assertThat(out.toString()).contains("/2", "a-0-");

    assertThat(runAtCluster("status", "a", "--json")).isZero();
    assertThat(json().path("target_replicas").asInt()).isEqualTo(2);
    assertThat(runAtCluster("status", "--decisions")).isZero();
    assertThat(out.toString()).contains("a\n", "b\n", "1 -> 2", "asked for", "WAITING");
    assertThat(runAtCluster("status", "a", "--decisions")).isZero();
    assertThat(out.toString()).startsWith("TIME").doesNotContain("b\n");
    assertThat(runAtCluster("status", "--decisions", "--json")).isZero();
    assertThat(json().at("/data/0/id").asText()).isEqualTo("a");
    assertThat(json().at("/data/0/decisions/0/reason").asText()).isEqualTo("asked_for");

    assertThat(runAtCluster("delete", "a")).isZero();
    assertThat(out.toString().strip()).isEqualTo("Model [a] is deleted.");
    awaitListed("b");
  }

  /** Nodes hear of a deployment and of its end a little later than it answers. */
  private void awaitListed(String... ids) throws Exception {
    do {
      assertThat(runAtCluster("status", "--json")).isZero();
    } while (!json().path("data").findValuesAsText("id").equals(List.of(ids)));
  }

  @Test
  void deploy_wrongFile_isOneLineAndDeploysNothing() throws Exception {
    assertThat(runAtCluster("deploy", file("tensor-paralel-size = 2"))).isEqualTo(2);

    assertOneLine("did you mean [tensor-parallel-size]?", "my.conf:");
    awaitListed();
    assertThat(runAtCluster("status")).isZero();
    assertThat(out.toString().strip()).isEqualTo("No model is deployed.");
  }

  @Test
  void scale_beyondTheBounds_isOneLine() throws Exception {
    cluster.deploy("a");

    assertThat(runAtCluster("scale", "a", "9")).isEqualTo(2);

    assertOneLine("max-replicas is 2");
  }

  @Test
  void scale_noNumber_isOneLine() {
    assertThat(runAtCluster("scale", "a", "many")).isEqualTo(2);

    assertOneLine("REPLICAS", "many", "phalanx scale --help");
  }

  @Test
  void delete_unknownModel_isOneLine() {
    assertThat(runAtCluster("delete", "nobody")).isEqualTo(2);

    assertOneLine("No model [nobody] is deployed");
  }

  @Test
  void status_withoutACluster_failsWithWhatToDo() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }

    assertThat(run("status", "--url", "http://127.0.0.1:" + port)).isEqualTo(1);

    assertOneLine("start a cluster with `phalanx serve`");
  }

  @Test
  void completion_ofEachShell_knowsTheCommands() {
    assertThat(run("completion", "bash")).isZero();
    assertThat(out.toString()).startsWith("#!").contains("complete -F _complete_phalanx", "scale");
    assertThat(run("completion", "ZSH")).isZero();
    assertThat(out.toString()).startsWith("#!").contains("bashcompinit");
    assertThat(run("completion", "fish")).isEqualTo(2);
    assertOneLine("fish", "BASH, ZSH");
  }

  @Test
  void completion_sourcedInBash_completesCommandsAndOptions() throws Exception {
    assertThat(run("completion", "bash")).isZero();
    Path script = Files.writeString(directory.resolve("completion.bash"), out.toString());
    String asks =
        """
        source "$0"
        complete -p phalanx
        reply() { COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _complete_phalanx; echo "${COMPREPLY[@]}"; }
        reply phalanx sc
        reply phalanx status --dec
        """;

    Process bash =
        new ProcessBuilder("bash", "--norc", "-c", asks, script.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();

    assertThat(new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines())
        .containsExactly(
            "complete -o default -F _complete_phalanx phalanx", "scale", "--decisions");
  }
}
