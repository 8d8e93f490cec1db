package io.phalanx.http.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.llm.FullConfig;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.RoutingPolicy;
import io.phalanx.llm.engine.SchedulingPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@link LlmConfigJson}: what is written can be read. */
final class LlmConfigJsonTest {

  private static LlmConfigBuilder everything() {
    return FullConfig.builder()
        .modelId("org/m")
        .minReplicas(0)
        .lookBackPeriod(Duration.ofNanos(1_000_001))
        .upscaleDelay(Duration.ofMillis(1500))
        .downscaleDelay(Duration.ofMinutes(5))
        .downscaleToZeroDelay(Duration.ofHours(2))
        .requestTimeout(Duration.ofSeconds(30))
        .routingPolicy(RoutingPolicy.PREFIX_AFFINITY)
        .imbalanceThreshold(3)
        .sessionHeader("x-user")
        .schedulingPolicy(SchedulingPolicy.PRIORITY)
        .gracefulShutdownTimeout(Duration.ZERO)
        .kvCacheMemory(5L << 30);
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
