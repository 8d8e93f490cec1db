package io.phalanx.http.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code phalanx plan}: what it says of a file, and its exit codes. */
final class PlanCommandTest extends CommandFixture {
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
}
