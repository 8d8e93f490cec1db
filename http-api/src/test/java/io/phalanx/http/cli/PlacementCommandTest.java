package io.phalanx.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.http.AdminCluster;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** {@code phalanx placement} against a running cluster of two nodes. */
final class PlacementCommandTest {
  private static final AdminCluster cluster = AdminCluster.start();

  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private int run(String... arguments) {
    List<String> all = new ArrayList<>(List.of("placement"));
    all.addAll(List.of(arguments));
    CommandLine line = PhalanxCommand.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(all.toArray(String[]::new));
  }

  private String model(int tensorParallelSize) throws Exception {
    String text =
        """
        phalanx.llm-configs = [{
          model-loading-config { model-id = a, model-source = embedded }
          accelerator-type = L4
          engine-kwargs { tensor-parallel-size = %d }
          placement-group-config {
            bundles = [%s], strategy = STRICT_PACK
          }
        }]
        """
            .formatted(tensorParallelSize, "{ GPU = 1 },".repeat(tensorParallelSize));
    return Files.writeString(directory.resolve("my.conf"), text).toString();
  }

  private void assertOneLine(String... parts) {
    assertThat(err.toString()).startsWith("phalanx: ").contains(parts);
    assertThat(err.toString().strip().lines()).hasSize(1);
  }

  @Test
  void list_showsEachGroup() {
    assertThat(run("list", "--url", cluster.url())).isZero();

    assertThat(out.toString().lines().toList())
        .hasSize(3)
        .satisfies(lines -> assertThat(lines.get(0)).startsWith("GROUP   STATE"))
        .satisfies(lines -> assertThat(lines.get(1)).startsWith("shared  CREATED"))
        .satisfies(lines -> assertThat(lines.get(2)).startsWith("large   PENDING"));
  }

  @Test
  void show_namesNodesAndDevices() {
    assertThat(run("show", "shared", "--url", cluster.url() + "/")).isZero();

    assertThat(out.toString()).contains(cluster.addresses()).contains("gpu 0: cpu (logical L4)");
  }

  @Test
  void nodes_sayWhoHoldsWhat() {
    assertThat(run("nodes", "--url", cluster.url())).isZero();

    assertThat(out.toString()).contains("shared bundle 1 (0.5)");
  }

  @Test
  void explain_saysWhyAndWhatWouldHelp() {
    assertThat(run("explain", "large", "--url", cluster.url())).isZero();

    assertThat(out.toString()).contains("large is PENDING", "needs GPU 8", "would fit");
  }

  @Test
  void json_isTheBodyOfTheRoute() throws Exception {
    assertThat(run("list", "--json", "--url", cluster.url())).isZero();

    assertThat(new ObjectMapper().readTree(out.toString()).path("data")).hasSize(2);
  }

  @Test
  void plan_ofAFile_exitsWith1UntilANodeIsAdded() throws Exception {
    assertThat(run("plan", model(4), "--url", cluster.url())).isEqualTo(1);
    assertThat(out.toString()).contains("a, replica 0, STRICT_PACK would wait:");

    String node = "gpus=8,cpus=64,accelerator-type=L4,memory=64GiB,label.rack=r1";
    assertThat(run("plan", model(4), "--url", cluster.url(), "--add-node", node)).isZero();
    assertThat(out.toString()).contains("would be placed:", "-> added-1");
  }

  @Test
  void plan_withoutNodes_exitsWith1() throws Exception {
    String[] nodes = cluster.addresses().toArray(String[]::new);

    assertThat(
            run(
                "plan",
                model(1),
                "--url",
                cluster.url(),
                "--remove-node",
                nodes[0],
                "--drain-node",
                nodes[1]))
        .isEqualTo(1);
  }

  @Test
  void unknownGroup_isOneLineAndExitsWith2() {
    assertThat(run("show", "no/such", "--url", cluster.url())).isEqualTo(2);

    assertOneLine("There is no placement group [no/such]");
  }

  @Test
  void unknownNode_isOneLineAndExitsWith2() throws Exception {
    assertThat(run("plan", model(1), "--url", cluster.url(), "--drain-node", "x:1")).isEqualTo(2);

    assertOneLine("drain_nodes names [x:1], but the nodes are ");
  }

  @Test
  void noServer_saysWhatToStartAndExitsWith1() throws Exception {
    String url;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      url = "http://127.0.0.1:" + free.getLocalPort();
    }

    assertThat(run("list", "--url", url)).isEqualTo(1);

    assertOneLine(url, "nothing answers there", "phalanx serve");
  }

  @ParameterizedTest
  @CsvSource({
    "'', --url",
    "127.0.0.1:8000, --url",
    "ftp://127.0.0.1, --url",
    "http://a b, --url",
  })
  void wrongUrl_isOneLineAndExitsWith2(String url, String expected) {
    assertThat(run("list", "--url", url)).isEqualTo(2);

    assertOneLine(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gpus        | is not KEY=VALUE",
        "gpus=many   | it must be a whole number",
        "gpu=8       | did you mean gpus?",
        "memory=much | it must be a size",
      })
  void plan_wrongNode_saysSo(String node, String expected) throws Exception {
    assertThat(run("plan", model(1), "--url", cluster.url(), "--add-node", node)).isEqualTo(2);

    assertOneLine("--add-node: ", expected);
  }

  @Test
  void withoutACommand_showsUsage() {
    assertThat(run()).isEqualTo(2);

    assertThat(err.toString()).contains("list", "show", "explain", "plan");
  }
}
