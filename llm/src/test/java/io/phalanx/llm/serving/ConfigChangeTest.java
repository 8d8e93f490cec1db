package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ConfigChangeTest {
  private static final LlmConfig CONFIG = config().build();

  private static LlmConfigBuilder config() {
    return LlmConfig.builder().modelId("m").modelSource("embedded");
  }

  @Test
  void sameConfiguration_isNoChange() {
    assertThat(ConfigChange.of(CONFIG, config().build())).isEqualTo(ConfigChange.NONE);
  }

  @Test
  void countsLimitsAndDelays_areLight() {
    assertThat(ConfigChange.of(CONFIG, config().maxReplicas(3).build()))
        .isEqualTo(ConfigChange.LIGHT);
    assertThat(ConfigChange.of(CONFIG, config().maxOngoingRequests(3).build()))
        .isEqualTo(ConfigChange.LIGHT);
    assertThat(ConfigChange.of(CONFIG, config().maxQueuedRequests(3).build()))
        .isEqualTo(ConfigChange.LIGHT);
    assertThat(
            ConfigChange.of(
                CONFIG, config().gracefulShutdownTimeout(Duration.ofSeconds(1)).build()))
        .isEqualTo(ConfigChange.LIGHT);
  }

  @Test
  void whatReplicasAreMadeOf_isHeavy() {
    assertThat(ConfigChange.of(CONFIG, config().tensorParallelSize(2).build()))
        .isEqualTo(ConfigChange.HEAVY);
    assertThat(ConfigChange.of(CONFIG, config().modelSource("other/model").build()))
        .isEqualTo(ConfigChange.HEAVY);
    assertThat(ConfigChange.of(CONFIG, config().acceleratorType("L4").build()))
        .isEqualTo(ConfigChange.HEAVY);
  }
}
