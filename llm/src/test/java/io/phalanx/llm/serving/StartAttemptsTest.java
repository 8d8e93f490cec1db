package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.runtime.error.ErrorCode;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When {@link StartAttempts} gives up. */
final class StartAttemptsTest {

  @ParameterizedTest
  @CsvSource({"1, 3", "2, 6", "6, 18", "7, 20", "100, 20"})
  void fail_threeTimesForEachReplicaAtMostTwenty_isEnough(int replicas, int most) {
    StartAttempts attempts = new StartAttempts(replicas);

    fail(attempts, most - 1);
    assertThat(attempts.failure()).isEmpty();
    fail(attempts, 1);

    assertThat(attempts.failure())
        .hasValueSatisfying(
            failure ->
                assertThat(failure.reason())
                    .isEqualTo(most + " of " + most + " starts failed, the last one with: broken"));
  }

  @Test
  void fail_byTheUsersInput_isEnoughAtOnce() {
    StartAttempts attempts = new StartAttempts(2);

    attempts.fail(ErrorCode.INVALID_MODEL, "no weights");

    assertThat(attempts.failure())
        .contains(new DeploymentFailure(ErrorCode.INVALID_MODEL, "no weights"));
  }

  private static void fail(StartAttempts attempts, int times) {
    IntStream.range(0, times).forEach(i -> attempts.fail(ErrorCode.REPLICA_FAILED, "broken"));
  }
}
