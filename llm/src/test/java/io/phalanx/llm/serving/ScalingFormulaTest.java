package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.LlmConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * {@link ScalingFormula} against Ray Serve's: each row was computed by hand from the formula that
 * Ray documents, ceil(running + factor x (total / target - running)), one less where that is stuck.
 */
final class ScalingFormulaTest {

  private static AutoscalingConfig config(double up, double down) {
    return LlmConfig.builder()
        .modelId("m")
        .upscalingFactor(up)
        .downscalingFactor(down)
        .build()
        .deploymentConfig()
        .autoscaling();
  }

  @ParameterizedTest
  @CsvSource({
    // total, target of one replica, running, up factor, down factor, desired
    "0, 10, 1, 1, 1, 0",
    "1, 10, 1, 1, 1, 1",
    "10, 10, 1, 1, 1, 1",
    "11, 10, 1, 1, 1, 2",
    "35, 10, 1, 1, 1, 4",
    "20, 10, 2, 1, 1, 2",
    "21, 10, 2, 1, 1, 3",
    "10, 10, 2, 1, 1, 1",
    "31, 10, 4, 1, 1, 4",
    "30, 10, 4, 1, 1, 3",
    "500, 10, 4, 1, 1, 50",
    // a factor below 1 damps: 2 + 0.5 x 2, 2 + 0.5 x 1 rounded up
    "40, 10, 2, 0.5, 1, 3",
    "30, 10, 2, 0.5, 1, 3",
    // a factor above 1 amplifies: 2 + 2 x 2, 10 + 1.5 x 5 = 17.5
    "40, 10, 2, 2, 1, 6",
    "30, 2, 10, 1.5, 1, 18",
    // downward: 10 - 3, 10 - 0.2 x 2 = 9.6 is stuck at 10, 2 - 0.1 x 1.2 likewise
    "0, 10, 10, 1, 0.3, 7",
    "80, 10, 10, 1, 0.2, 9",
    "8, 10, 2, 1, 0.1, 1",
    // not stuck: rounded up, the load still needs all of them
    "95, 10, 10, 1, 0.2, 10",
    // Ray's defaults: 2 requests a replica
    "5, 2, 1, 1, 1, 3",
    "1, 2, 3, 1, 1, 1"
  })
  void desired_goldenTable_isRaysNumber(
      double total, double target, int running, double up, double down, int expected) {
    assertThat(ScalingFormula.desired(config(up, down), running, total / target))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    // up factor, target, requests, desired
    "1, 0, 0, 0",
    "1, 0, 1, 1",
    "1, 0, 500, 1",
    "2.5, 0, 1, 3",
    "1, 4, 1, 4",
    "1, 4, 0, 4"
  })
  void coldStart_goldenTable_isRaysNumber(double up, int target, int requests, int expected) {
    assertThat(ScalingFormula.coldStart(config(up, 1), target, requests)).isEqualTo(expected);
  }

  @Test
  void desired_sumThatRoundingMadeTooLarge_isNoReplicaMore() {
    assertThat(ScalingFormula.desired(config(1, 1), 1, 1 + 1e-12)).isEqualTo(1);
  }
}
