package io.phalanx.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link LlmConfigs}: defaults, every key, and what is refused. */
final class LlmConfigsTest {
  private static final String MODEL = "model-loading-config.model-id = m";

  @Test
  void parse_reference_isTheEmbeddedAssistantOverTwoRanks() {
    List<LlmConfig> configs = LlmConfigs.parse(ConfigFactory.load());

    LlmConfig expected =
        LlmConfig.builder()
            .modelId("phalanx-assistant")
            .modelSource("embedded")
            .tensorParallelSize(2)
            .build();
    assertThat(configs).containsExactly(expected);
  }

  @Test
  void parse_onlyTheModelId_takesEveryDefault() {
    LlmConfig config = parseOne(MODEL);

    assertThat(config.modelLoadingConfig())
        .isEqualTo(new ModelLoadingConfig("m", "m", Optional.empty()));
    assertThat(config.deploymentConfig()).isEqualTo(DeploymentConfig.DEFAULT);
    assertThat(config.engineKwargs()).isEqualTo(EngineKwargs.DEFAULT);
    assertThat(config.placementGroupConfig()).isEqualTo(PlacementGroupConfig.DEFAULT);
    assertThat(config.acceleratorType()).isEmpty();
    assertThat(config.deploymentConfig().maxOngoing(64)).isEqualTo(256);
    assertThat(config.deploymentConfig().autoscaling().targetOngoing(64)).isEqualTo(48);
  }

  @Test
  void parse_everyKey_equalsTheBuilder() {
    LlmConfig config =
        parseOne(
            """
            model-loading-config { model-id = m, model-source = "org/m@v1", tokenizer-source = t }
            deployment-config {
              autoscaling-config {
                min-replicas = 1, max-replicas = 4, initial-replicas = 2
                target-ongoing-requests = 7.5, look-back-period = 3s
                target-backlog-tokens = 9000, aggregation-function = max
                upscale-delay = 4s, downscale-delay = 5s
                downscale-to-zero-delay = 50s, downscale-headroom = 0.25
                upscaling-factor = 2, downscaling-factor = 0.5
              }
              max-ongoing-requests = 10, max-queued-requests = -1, graceful-shutdown-timeout = 6s
              actor-options { num-cpus = 2, num-gpus = 1, memory = 1KiB, resources { disk = 3 } }
            }
            accelerator-type = A10
            engine-kwargs {
              tensor-parallel-size = 2, pipeline-parallel-size = 2, data-parallel-size = 1
              max-model-len = 100, max-num-batched-tokens = 64, max-num-seqs = 8
              enable-chunked-prefill = false, block-size = 4, kv-cache-memory = 2MiB
              gpu-memory-utilization = 0.5, seed = 11, dtype = half, quantization = int8
              enable-prefix-caching = false, step-latency = 70ms, batch-invariant = true
              kv-cache-dtype = int16-per-token-head
            }
            placement-group-config {
              bundles = [{ GPU = 2 }, { GPU = 2, CPU = 1 }]
              bundle-label-selector = [{ zone = a }, { zone = "!a" }]
              strategy = strict-spread
            }
            """);

    assertThat(config).isEqualTo(everything());
  }

  private static LlmConfig everything() {
    return FullConfig.builder()
        .bundles(List.of(Map.of("GPU", 2.0), Map.of("GPU", 2.0, "CPU", 1.0)))
        .bundleLabelSelector(List.of(Map.of("zone", "a"), Map.of("zone", "!a")))
        .build();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "engine-kwargs.tensor-paralel-size = 2 | did you mean [tensor-parallel-size]?",
        "engine-kwargs.tensor-parallel-size = two | [two] is not an integer",
        "engine-kwargs.tensor-parallel-size = 0 | tensor-parallel-size is 0; it must be at least 1",
        "engine-kwargs.pipeline-parallel-size = -1 | pipeline-parallel-size is -1",
        "engine-kwargs.data-parallel-size = 0 | data-parallel-size is 0",
        "engine-kwargs.max-model-len = 0 | max-model-len is 0; it must be at least 1",
        "engine-kwargs.enable-lora = true | enable-lora: is an argument of vLLM",
        "engine-kwargs.dtype = int8 | dtype: [int8] is none of auto, float32 (float), bfloat16",
        "engine-kwargs.quantization = awq | quantization: [awq] is not one of",
        "engine-kwargs.model = x | model: belongs in model-loading-config",
        "engine-kwargs.kv-cache-memory = 3 bananas | is not an amount of memory",
        "engine-kwargs.max-num-batched-tokens = 8 | at least max-num-seqs, which is 64",
        "deployment-config.autoscaling-config { min-replicas = 3, max-replicas = 2 }"
            + " | max-replicas is 2; it must be at least min-replicas, which is 3",
        "deployment-config.autoscaling-config { max-replicas = 2, initial-replicas = 5 }"
            + " | initial-replicas is 5; it must be from min-replicas to max-replicas, 1 to 2",
        "deployment-config.autoscaling-config { min-replicas = 0, max-replicas = 0 }"
            + " | max-replicas is 0; it must be at least 1",
        "deployment-config.autoscaling-config.downscale-headroom = 1 | from 0 to below 1",
        "deployment-config.autoscaling-config.target-backlog-tokens = 0 | above 0",
        "deployment-config.autoscaling-config.aggregation-function = p99 | [p99] is not one of",
        "deployment-config.autoscaling-config.policy {} | there is one formula",
        "deployment-config.autoscaling-config.smoothing-factor = 1"
            + " | is now upscaling-factor and downscaling-factor",
        "deployment-config.health-check-period-s = 10 | set phalanx.serving.step-timeout",
        "deployment-config.user-config {} | there is no user's code",
        "accelerator-config { kind = gpu } | give accelerator-type",
        "runtime-env {} | replicas run in the JVM of their node",
        "llm-engine = vLLM | there is one engine; remove it",
        "deployment-config { num-replicas = 2, autoscaling-config {} } | exclude each other",
        "deployment-config.placement-group-strategy = PACK | belongs in placement-group-config",
        "lora-config {} | lora-config: is not supported in this release",
        "placement-group-config.strategy = TIGHT | [TIGHT] is not one of",
        "placement-group-config {} | give bundles or bundle-per-worker",
        "placement-group-config { bundles = [{GPU=1}], bundle-per-worker {GPU=1} }"
            + " | both bundles and bundle-per-worker",
        "placement-group-config.bundles = [{ GPU = 0 }] | it must ask for more than 0",
        "placement-group-config.bundles = [{ GPU = -1, CPU = 1 }] | GPU is -1.0",
        "placement-group-config.bundles = [{ GPU = 1.5 }] | must be below 1 (a share of one device) or whole",
        "accelerator-type = \"L 4\" | [L 4] is not a name such as L4",
        "acelerator-type = L4 | did you mean [accelerator-type]?"
      })
  void parse_badEntry_isRefusedWithItsPath(String text, String expected) {
    assertThatThrownBy(() -> parseOne(MODEL + "\n" + text))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .hasMessageContaining("phalanx.llm-configs[0]")
        .hasMessageContaining(expected);
  }

  @Test
  void parse_bundlesTooFewForTheRanks_saysHowManyAreNeeded() {
    assertThatThrownBy(
            () ->
                parseOne(
                    MODEL
                        + """

                        engine-kwargs { tensor-parallel-size = 4, pipeline-parallel-size = 2 }
                        placement-group-config.bundles = [{ GPU = 4 }, { CPU = 1 }]
                        """))
        .hasMessageContaining("hold 4 ranks ([4, 0])")
        .hasMessageContaining("tensor-parallel-size 4 x pipeline-parallel-size 2 needs 8");
  }

  @Test
  void parse_sameModelIdTwice_isRefused() {
    assertThatThrownBy(() -> LlmConfigs.parse(config("{" + MODEL + "}, {" + MODEL + "}")))
        .hasMessageContaining("phalanx.llm-configs[1]")
        .hasMessageContaining("[m] is also that of phalanx.llm-configs[0]");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{}", "{ model-loading-config { model-source = x } }"})
  void parse_noModel_isRefused(String entries) {
    assertThatThrownBy(() -> LlmConfigs.parse(config(entries)))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("phalanx.llm-configs");
  }

  @ParameterizedTest
  @CsvSource({
    "auto, AUTO",
    "float32, FLOAT32",
    "float, FLOAT32",
    "bfloat16, BFLOAT16",
    "half, FLOAT16"
  })
  void parse_dtype_takesVllmsNames(String name, Dtype dtype) {
    assertThat(parseOne(MODEL + "\nengine-kwargs.dtype = " + name).engineKwargs().dtype())
        .isEqualTo(dtype);
  }

  private static LlmConfig parseOne(String entry) {
    return LlmConfigs.parse(config("{" + entry + "}")).get(0);
  }

  private static Config config(String entries) {
    return ConfigFactory.parseString("phalanx.llm-configs = [" + entries + "]");
  }
}
