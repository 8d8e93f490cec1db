package io.phalanx.llm;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.PlacementStrategy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@link LlmConfigs}: Ray's dictionaries, taken as JSON. */
final class RayDictionariesTest {
  @Test
  void parse_raysTensorParallelExample_isAcceptedAsJson() {
    LlmConfig config =
        parseOne(
            """
            "model_loading_config": {
              "model_id": "llama-3.1-8b", "model_source": "meta-llama/Llama-3.1-8B-Instruct"},
            "deployment_config": {"autoscaling_config": {"min_replicas": 1, "max_replicas": 2}},
            "accelerator_type": "L4",
            "engine_kwargs": {"tensor_parallel_size": 2, "max_model_len": 8192}
            """);

    assertThat(config)
        .isEqualTo(llama().maxReplicas(2).tensorParallelSize(2).maxModelLen(8192).build());
  }

  @Test
  void parse_raysPipelineParallelExample_isAcceptedAsJson() {
    LlmConfig config =
        parseOne(
            """
            "model_loading_config": {
              "model_id": "llama-3.1-8b", "model_source": "meta-llama/Llama-3.1-8B-Instruct"},
            "deployment_config": {"autoscaling_config": {"min_replicas": 1, "max_replicas": 1}},
            "accelerator_type": "L4",
            "engine_kwargs": {"pipeline_parallel_size": 2, "max_model_len": 8192}
            """);

    assertThat(config).isEqualTo(llama().pipelineParallelSize(2).maxModelLen(8192).build());
  }

  @Test
  void parse_raysCombinedExample_isAcceptedAsJson() {
    LlmConfig config =
        parseOne(
            """
            "model_loading_config": {
              "model_id": "llama-3.1-8b", "model_source": "meta-llama/Llama-3.1-8B-Instruct"},
            "deployment_config": {"autoscaling_config": {"min_replicas": 1, "max_replicas": 1}},
            "accelerator_type": "L4",
            "engine_kwargs": {"tensor_parallel_size": 2, "pipeline_parallel_size": 2,
              "max_model_len": 8192, "enable_chunked_prefill": true,
              "max_num_batched_tokens": 4096}
            """);

    assertThat(config)
        .isEqualTo(
            llama()
                .tensorParallelSize(2)
                .pipelineParallelSize(2)
                .maxModelLen(8192)
                .enableChunkedPrefill(true)
                .maxNumBatchedTokens(4096)
                .build());
  }

  @Test
  void parse_raysCustomPlacementExample_isAcceptedAsJson() {
    LlmConfig config =
        parseOne(
            """
            "model_loading_config": {
              "model_id": "llama-3.1-8b", "model_source": "meta-llama/Llama-3.1-8B-Instruct"},
            "deployment_config": {"autoscaling_config": {"min_replicas": 1, "max_replicas": 1}},
            "accelerator_type": "L4",
            "engine_kwargs": {"tensor_parallel_size": 4, "max_model_len": 8192},
            "placement_group_config": {
              "bundles": [{"GPU": 1}, {"GPU": 1}, {"GPU": 1}, {"GPU": 1}], "strategy": "SPREAD"}
            """);

    Map<String, Double> gpu = Map.of("GPU", 1.0);
    assertThat(config)
        .isEqualTo(
            llama()
                .tensorParallelSize(4)
                .maxModelLen(8192)
                .bundles(List.of(gpu, gpu, gpu, gpu))
                .strategy(PlacementStrategy.SPREAD)
                .build());
  }

  @Test
  void parse_raysSecondsAndOptions_meanTheSame() {
    LlmConfig config =
        parseOne(
            """
            "model_loading_config": {"model_id": "m"},
            "deployment_config": {
              "num_replicas": "auto",
              "autoscaling_config": {"upscale_delay_s": 0.5, "downscale_delay_s": 600,
                "look_back_period_s": 30, "downscale_to_zero_delay_s": 900,
                "aggregation_function": "min"},
              "ray_actor_options": {"num_cpus": 4}}
            """);

    AutoscalingConfig scaling = config.deploymentConfig().autoscaling();
    assertThat(scaling.upscaleDelay()).isEqualTo(Duration.ofMillis(500));
    assertThat(scaling.downscaleDelay()).isEqualTo(Duration.ofMinutes(10));
    assertThat(scaling.lookBackPeriod()).isEqualTo(Duration.ofSeconds(30));
    assertThat(scaling.delayToZero()).isEqualTo(Duration.ofMinutes(15));
    assertThat(scaling.aggregationFunction()).isEqualTo(AggregationFunction.MIN);
    assertThat(scaling.maxReplicas()).isEqualTo(100);
    assertThat(config.deploymentConfig().actorOptions().numCpus()).isEqualTo(4);
  }

  private static LlmConfigBuilder llama() {
    return LlmConfig.builder()
        .modelId("llama-3.1-8b")
        .modelSource("meta-llama/Llama-3.1-8B-Instruct")
        .acceleratorType("L4");
  }

  private static LlmConfig parseOne(String entry) {
    return LlmConfigs.parse(ConfigFactory.parseString("phalanx.llm-configs = [{" + entry + "}]"))
        .get(0);
  }
}
