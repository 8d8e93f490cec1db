package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.serving.AutoscalingPolicy.Decision;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link AutoscalingPolicy}: the formula's golden table, and its delays on a clock of the test. */
final class AutoscalingPolicyTest {

  @ParameterizedTest
  @CsvSource({
    // running, backlog, up factor, down factor, desired; 10 requests a replica, 1 .. 10 replicas
    "1, 0, 1, 1, 1",
    "1, 10, 1, 1, 1",
    "1, 11, 1, 1, 2",
    "1, 35, 1, 1, 4",
    "2, 20, 1, 1, 2",
    "2, 21, 1, 1, 3",
    "2, 10, 1, 1, 1",
    "4, 31, 1, 1, 4",
    "4, 30, 1, 1, 3",
    "4, 500, 1, 1, 10",
    "2, 40, 0.5, 1, 3",
    "2, 40, 2, 1, 6",
    "10, 0, 1, 0.3, 7",
    "10, 80, 1, 0.2, 9",
    "2, 8, 1, 0.1, 1"
  })
  void desired_goldenTable_isRaysNumber(
      int running, double backlog, double up, double down, int expected) {
    AutoscalingConfig config =
        new AutoscalingConfig(
            1,
            10,
            Optional.empty(),
            Optional.of(10.0),
            Duration.ZERO,
            Duration.ZERO,
            Duration.ZERO,
            up,
            down);

    assertThat(AutoscalingPolicy.desired(config, 10, running, backlog)).isEqualTo(expected);
  }

  @Test
  void decide_backlogAboveTarget_scalesUpAfterTheDelay() {
    AutoscalingPolicy policy = new AutoscalingPolicy(AutoscalingConfig.between(1, 2), 64);

    assertThat(policy.decide(seconds(0), 1, 1, 100).applied()).isEqualTo(1);
    assertThat(policy.decide(seconds(1), 1, 1, 100).reason()).isEqualTo("upscale delay runs");
    Decision decision = policy.decide(seconds(2), 1, 1, 100);

    assertThat(decision.applied()).isEqualTo(2);
    assertThat(decision.reason()).isEqualTo("backlog 100.0 over 1 replicas, target 48.0 each");
  }

  @Test
  void decide_backlogFallsInBetween_startsTheDelayAnew() {
    AutoscalingConfig config =
        new AutoscalingConfig(
            1,
            2,
            Optional.empty(),
            Optional.of(10.0),
            Duration.ZERO,
            Duration.ofSeconds(2),
            Duration.ofSeconds(60),
            1,
            1);
    AutoscalingPolicy policy = new AutoscalingPolicy(config, 64);

    policy.decide(seconds(0), 1, 1, 20);
    policy.decide(seconds(1), 1, 1, 5);

    assertThat(policy.decide(seconds(2), 1, 1, 20).applied()).isEqualTo(1);
    assertThat(policy.decide(seconds(4), 1, 1, 20).applied()).isEqualTo(2);
  }

  @Test
  void decide_idle_scalesDownAfterTheDownscaleDelay() {
    AutoscalingPolicy policy = new AutoscalingPolicy(AutoscalingConfig.between(1, 2), 64);

    assertThat(policy.decide(seconds(0), 2, 2, 0).applied()).isEqualTo(2);
    assertThat(policy.decide(seconds(59), 2, 2, 0).applied()).isEqualTo(2);
    assertThat(policy.decide(seconds(60), 2, 2, 0).applied()).isEqualTo(1);
  }

  @Test
  void decide_shortBurst_isAveragedAway() {
    AutoscalingPolicy policy = new AutoscalingPolicy(AutoscalingConfig.between(1, 2), 64);
    for (int tick = 0; tick < 20; tick++) {
      assertThat(policy.decide(seconds(0.1 * tick), 1, 1, 10).applied()).isEqualTo(1);
    }

    assertThat(policy.decide(seconds(2), 1, 1, 200).desired()).isEqualTo(1);
  }

  private static long seconds(double value) {
    return Math.round(value * 1e9);
  }
}
