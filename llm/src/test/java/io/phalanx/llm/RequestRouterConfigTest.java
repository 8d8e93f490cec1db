package io.phalanx.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The keys of a model that say how its requests are given out and how long they may take. */
final class RequestRouterConfigTest {

  @Test
  void parse_everyKey_equalsTheBuilder() {
    LlmConfig config =
        parse(
            """
            deployment-config {
              request-timeout = 90 s
              request-router {
                policy = prefix-affinity, imbalance-threshold = 4, session-header = X-User
              }
            }
            engine-kwargs { scheduling-policy = priority }
            """);

    assertThat(config)
        .isEqualTo(
            LlmConfig.builder()
                .modelId("m")
                .requestTimeout(Duration.ofSeconds(90))
                .routingPolicy(RoutingPolicy.PREFIX_AFFINITY)
                .imbalanceThreshold(4)
                .sessionHeader("x-user")
                .schedulingPolicy(SchedulingPolicy.PRIORITY)
                .build());
  }

  @Test
  void parse_raysSeconds_areADuration() {
    assertThat(parse("deployment_config { request_timeout_s = 1.5 }").deploymentConfig())
        .extracting(DeploymentConfig::requestTimeout)
        .isEqualTo(Optional.of(Duration.ofMillis(1500)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "deployment-config.request-timeout = 0 s | request-timeout is PT0S; it must be above 0",
        "deployment-config.request-router.policy = random | [random] is not one of [power-of-two, prefix-affinity]",
        "deployment-config.request-router.imbalance-threshold = 0 | is 0; it must be at least 1",
        "deployment-config.request-router.session-header = \"a b\" | session-header is a b",
        "deployment-config.request-router.polcy = x | polcy",
        "engine-kwargs.scheduling-policy = lifo | [lifo] is not one of [fcfs, priority]"
      })
  void parse_wrongValue_namesKeyValueAndRange(String entry, String message) {
    assertThatThrownBy(() -> parse(entry))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining(message);
  }

  private static LlmConfig parse(String entry) {
    String text = "phalanx.llm-configs = [{ model-loading-config.model-id = m\n" + entry + "\n}]";
    return LlmConfigs.parse(ConfigFactory.parseString(text).withFallback(ConfigFactory.load()))
        .get(0);
  }
}
