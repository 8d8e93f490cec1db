package io.phalanx.http.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.llm.AggregationFunction;
import io.phalanx.llm.Dtype;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.ReplicaResources;
import io.phalanx.llm.RoutingPolicy;
import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import io.phalanx.placement.PlacementStrategy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@link LlmConfigJson}: what is written can be read. */
final class LlmConfigJsonTest {

  private static LlmConfigBuilder everything() {
    return LlmConfig.builder()
        .modelId("org/m")
        .modelSource("org/m@v1")
        .tokenizerSource("t")
        .minReplicas(0)
        .maxReplicas(4)
        .initialReplicas(2)
        .targetOngoingRequests(7.5)
        .targetBacklogTokens(9000)
        .lookBackPeriod(Duration.ofNanos(1_000_001))
        .aggregationFunction(AggregationFunction.MAX)
        .upscaleDelay(Duration.ofMillis(1500))
        .downscaleDelay(Duration.ofMinutes(5))
        .downscaleToZeroDelay(Duration.ofHours(2))
        .downscaleHeadroom(0.25)
        .upscalingFactor(2)
        .downscalingFactor(0.5)
        .maxOngoingRequests(10)
        .maxQueuedRequests(-1)
        .requestTimeout(Duration.ofSeconds(30))
        .routingPolicy(RoutingPolicy.PREFIX_AFFINITY)
        .imbalanceThreshold(3)
        .sessionHeader("x-user")
        .schedulingPolicy(SchedulingPolicy.PRIORITY)
        .gracefulShutdownTimeout(Duration.ZERO)
        .actorOptions(new ReplicaResources(2, 1, 1024, Map.of("disk", 3.0)))
        .acceleratorType("A10G")
        .tensorParallelSize(2)
        .pipelineParallelSize(2)
        .maxModelLen(100)
        .maxNumBatchedTokens(64)
        .maxNumSeqs(8)
        .enableChunkedPrefill(false)
        .blockSize(4)
        .kvCacheMemory(5L << 30)
        .kvCacheType(KvCacheType.INT16_PER_TOKEN_HEAD)
        .gpuMemoryUtilization(0.5)
        .enablePrefixCaching(false)
        .stepLatency(Duration.ofMillis(70))
        .batchInvariant(true)
        .seed(11)
        .dtype(Dtype.FLOAT16)
        .quantization(Quantization.INT8)
        .strategy(PlacementStrategy.STRICT_SPREAD);
  }

  private static LlmConfig written(LlmConfig config) {
    byte[] json = LlmConfigJson.write(config).toString().getBytes(StandardCharsets.UTF_8);
    return LlmConfigJson.read(StrictJson.parseObject(json));
  }

  @Test
  void read_ofWhatWasWritten_isTheSame() {
    LlmConfig bundles =
        everything()
            .bundles(List.of(Map.of("GPU", 2.0), Map.of("GPU", 2.0, "CPU", 1.0)))
            .bundleLabelSelector(List.of(Map.of("zone", "a"), Map.of()))
            .build();
    LlmConfig perWorker = everything().bundlePerWorker(Map.of("GPU", 1.0, "disk", 0.5)).build();
    LlmConfig defaults = LlmConfig.builder().modelId("m").build();

    assertThat(written(bundles)).isEqualTo(bundles);
    assertThat(written(perWorker)).isEqualTo(perWorker);
    assertThat(written(defaults)).isEqualTo(defaults);
  }

  @Test
  void write_namesAreThoseOfAFile() {
    ObjectNode json = LlmConfigJson.write(everything().build());

    assertThat(json.at("/deployment-config/autoscaling-config/upscale-delay").asText())
        .isEqualTo("1500 ms");
    assertThat(json.at("/deployment-config/autoscaling-config/downscale-delay").asText())
        .isEqualTo("300 s");
    assertThat(json.at("/engine-kwargs/kv-cache-dtype").asText()).isEqualTo("int16-per-token-head");
    assertThat(json.has("placement-group-config")).isTrue();
  }

  @Test
  void read_unknownKey_namesTheNearest() {
    ObjectNode json = LlmConfigJson.write(everything().build());
    json.withObject("/engine-kwargs").put("max-num-seq", 3);

    assertThatThrownBy(() -> LlmConfigJson.read(json))
        .hasMessageContaining("max-num-seq")
        .hasMessageContaining("did you mean [max-num-seqs]?");
  }
}
