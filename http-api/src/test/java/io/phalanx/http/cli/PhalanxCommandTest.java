package io.phalanx.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The command line: what it says, and its exit codes. */
final class PhalanxCommandTest {
  private static final String EMBEDDED =
      """
      model-loading-config { model-id = a, model-source = embedded }, accelerator-type = L4
      """;

  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    CommandLine line = PhalanxCommand.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    return line.execute(arguments);
  }

  private String file(String text) throws Exception {
    return Files.writeString(directory.resolve("my.conf"), text).toString();
  }

  private static String models(String further) {
    return "phalanx.llm-configs = [ { " + EMBEDDED + further + " } ]";
  }

  private void assertOneLine(String... parts) {
    assertThat(err.toString()).startsWith("phalanx: ").contains(parts);
    assertThat(err.toString().strip().lines()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "phalanx.http.prt = 1                       | phalanx.http.prt: unknown key; did you mean",
        "phalanx.htp.port = 1                       | phalanx.htp: unknown key; did you mean [http]",
        "phalanx.hub.endpont = x                    | did you mean [endpoint]",
        "phalanx.hub.stall-timeout = 0              | phalanx.hub.stall-timeout",
        "phalanx.http.port = many                   | phalanx.http.port",
        "phalanx.http.host = 0.0.0.0                | phalanx.http.host: [0.0.0.0] is not a loopback",
        "phalanx.node.host = 192.0.2.1              | phalanx.node.host",
        "phalanx.local-cluster.nodes = 0            | phalanx.local-cluster.nodes",
        "phalanx.llm-configs = []                   | phalanx.llm-configs",
        "llm-configs = []                           | must lie within phalanx",
        "phalanx.http.port =                        | my.conf: ",
        "phalanx.http.host = ${NO_SUCH_VARIABLE}    | NO_SUCH_VARIABLE",
        "phalanks.http.port = 1                     | has no phalanx { ... }; did you mean it by",
        "other = 1                                  | has no phalanx { ... }",
      })
  void serve_wrongFile_saysSoInOneLineAndExitsWith2(String text, String expected) throws Exception {
    assertThat(run("serve", file(text))).isEqualTo(2);

    assertOneLine(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "engine-kwargs { tensor-parallel-size = 3 } | must divide",
        "engine-kwargs { max-model-len = 8193 } | max-model-len is 8193; it must be at most the model's"
            + " own maximum, which is 8192",
        "engine-kwargs { tensor-paralel-size = 2 }  | did you mean [tensor-parallel-size]",
        "engine-kwargs { tensor-parallel-size = 4 }, placement-group-config { bundles = [{GPU = 1}] }"
            + "| needs 4",
        "engine-kwargs { tensor-parallel-size = 2000000000, pipeline-parallel-size = 2000000000 }"
            + "| too many ranks",
        "engine-kwargs { data-parallel-size = 70000 }       | too many ranks",
        "engine-kwargs { seed = \"1e2147483647\" }          | engine-kwargs.seed",
        "deployment-config { autoscaling-config { min-replicas = 20000, max-replicas = 20000 } }"
            + "| at most 10000"
      })
  void plan_wrongModel_saysSoInOneLineAndExitsWith2(String further, String expected)
      throws Exception {
    assertThat(run("plan", file(models(further)))).isEqualTo(2);

    assertOneLine(expected);
  }

  @Test
  void plan_directoryWithoutAModel_namesTheFile() throws Exception {
    String source = "\"" + directory + "\"";
    String text =
        "phalanx.llm-configs = [{ model-loading-config { model-id = a, model-source = "
            + source
            + " } }]";

    assertThat(run("plan", file(text))).isEqualTo(2);

    assertOneLine(directory.toString(), "config.json");
  }

  @Test
  void plan_deeplyNestedFile_saysSo() throws Exception {
    assertThat(run("plan", file("a = " + "[".repeat(50_000)))).isEqualTo(2);

    assertOneLine("nested too deeply");
  }

  @Test
  void plan_fileThatIncludesItself_saysSoBriefly() throws Exception {
    assertThat(run("plan", file("include \"my.conf\""))).isEqualTo(2);

    assertOneLine("cycle");
    assertThat(err.toString()).hasSizeLessThan(1100);
  }

  @Test
  void plan_optionOutsidePhalanx_saysWhereItBelongs() throws Exception {
    assertThat(run("plan", file(models("")), "-D", "http.port=1")).isEqualTo(2);

    assertOneLine("http: must lie within phalanx");
  }

  @Test
  void plan_manyReplicasThatDoNotFit_explainsTheFirstAndCountsTheRest() throws Exception {
    String text =
        models(
            ", deployment-config { autoscaling-config { min-replicas = 9000, max-replicas = 9000 } }");

    assertThat(run("plan", file(text))).isEqualTo(1);

    assertThat(out.toString()).contains("replica 4 would wait", "and so would 8995 more");
    assertThat(out.toString().lines()).hasSizeLessThan(50);
  }

  @Test
  void plan_directory_saysThatItIsOne() {
    assertThat(run("plan", directory.toString())).isEqualTo(2);

    assertOneLine("is a directory");
  }

  @Test
  void plan_noSuchFile_namesIt() {
    assertThat(run("plan", "no-such.conf")).isEqualTo(2);

    assertOneLine("no-such.conf: no such file");
  }

  @Test
  void plan_embeddedModel_showsEachBundlesNode() throws Exception {
    String text = models(", engine-kwargs { tensor-parallel-size = 4 }");

    assertThat(run("plan", file(text))).isZero();

    assertThat(out.toString())
        .contains("the embedded model", "PACK")
        .contains("bundle 0", "-> node-1, GPU [0]")
        .contains("bundle 3", "-> node-2, GPU [1]");
  }

  @Test
  void plan_dataParallel_saysWhatIsOverridden() throws Exception {
    String text = models(", engine-kwargs { data-parallel-size = 2, tensor-parallel-size = 2 }");

    assertThat(run("plan", file(text))).isZero();

    assertThat(out.toString())
        .contains("STRICT_PACK (data parallelism overrides PACK)")
        .contains("replica 1");
  }

  @Test
  void plan_moreThanTheClusterHas_explainsAndExitsWith1() throws Exception {
    String text =
        models(", engine-kwargs { tensor-parallel-size = 8 }")
            + "\nphalanx.local-cluster { nodes = 2, gpus-per-node = 2 }";

    assertThat(run("plan", file(text))).isEqualTo(1);

    assertThat(out.toString()).contains("would wait", "GPU");
  }

  @Test
  void plan_jsonOfTheGuide_saysWhatItWouldFetch() throws Exception {
    String text =
        """
        phalanx.llm-configs = [{
          "model_loading_config": {
            "model_id": "llama", "model_source": "meta-llama/Llama-3.1-8B-Instruct"
          },
          "accelerator_type": "L4",
          "engine_kwargs": { "tensor_parallel_size": 2, "max_model_len": 8192 }
        }]
        """;

    assertThat(run("plan", file(text))).isZero();

    assertThat(out.toString()).contains("meta-llama/Llama-3.1-8B-Instruct");
  }

  @Test
  void plan_hubOfTheFile_isWhereItWouldFetchFrom() throws Exception {
    String text =
        """
        phalanx.hub { endpoint = "http://127.0.0.1:9", cache = "%s" }
        phalanx.llm-configs = [{ model-loading-config.model-id = "acme/tiny" }]
        """;

    assertThat(run("plan", file(text.formatted(directory)))).isZero();

    assertThat(out.toString()).contains("would fetch acme/tiny from http://127.0.0.1:9");
  }

  @Test
  void plan_tokenizerSourceWithoutATokenizer_namesTheKeyAndTheFile() throws Exception {
    String text =
        models(", engine-kwargs {}").replace("embedded }", "embedded, tokenizer-source = \"%s\" }");

    assertThat(run("plan", file(text.formatted(directory)))).isEqualTo(2);

    assertOneLine("tokenizer-source", directory.toString(), "tokenizer.json");
  }

  @Test
  void plan_override_winsOverTheFile() throws Exception {
    String text = models(", engine-kwargs { tensor-parallel-size = 4 }");

    assertThat(run("plan", file(text), "-D", "phalanx.local-cluster.nodes=1")).isEqualTo(1);
  }

  @Test
  void serve_portInUse_saysSoBeforeAnythingStarts() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String text = models("") + "\nphalanx.http.port = " + taken.getLocalPort();

      assertThat(run("serve", file(text))).isEqualTo(2);

      assertOneLine("127.0.0.1:" + taken.getLocalPort(), "is in use");
      assertThat(out.toString()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"192.0.2.1:4000, loopback", "127.0.0.1, HOST:PORT", "127.0.0.1:0, HOST:PORT"})
  void node_wrongJoinAddress_saysSo(String address, String expected) {
    assertThat(run("node", "--join", address)).isEqualTo(2);

    assertOneLine(expected);
  }

  @Test
  void node_hostBeyondTheMachine_isRefused() {
    assertThat(run("node", "--join", "127.0.0.1:4000", "--host", "192.0.2.1")).isEqualTo(2);

    assertOneLine("phalanx.node.host", "loopback");
  }

  @Test
  void phalanx_wrongArguments_pointToHelp() {
    assertThat(run("node")).isEqualTo(2);
    assertOneLine("--join", "--help");
  }

  @Test
  void phalanx_help_exitsWith0() {
    assertThat(run("--help")).isZero();
    assertThat(out.toString()).contains("serve", "plan", "node");
  }

  @Test
  void bench_embeddedModel_printsARowForEachWorkloadAndWritesJson() throws Exception {
    Path json = directory.resolve("bench.json");

    int exit =
        run(
            "bench",
            "--streams",
            "1,2",
            "--prompt-tokens",
            "16",
            "--output-tokens",
            "4",
            "--prefill-tokens",
            "64",
            "--json",
            json.toString());

    assertThat(err.toString()).contains("generate, 2 streams [");
    assertThat(exit).isZero();
    assertThat(out.toString().lines()).hasSize(4);
    assertThat(Files.readString(json)).contains("\"workload\" : \"prefill\"");
  }

  @Test
  void bench_moreRequestsThanFit_saysSo() {
    assertThat(run("bench", "--streams", "0")).isEqualTo(2);

    assertOneLine("streams is 0; it must be at least 1");
  }
}
