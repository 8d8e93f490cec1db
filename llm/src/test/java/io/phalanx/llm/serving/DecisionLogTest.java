package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.Backlog;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** {@link DecisionLog}: what is kept, and what goes first. */
final class DecisionLogTest {
  private final DecisionLog log = new DecisionLog();
  private long time;

  private ScalingDecision decision(int target, int bounded, int applied, ScalingReason reason) {
    ScalingInput input = new ScalingInput(time++, 1, 0, target, 0, Backlog.EMPTY);
    return new ScalingDecision(
        input, 0, 0, 0, bounded, bounded, applied, Duration.ofSeconds(1), reason);
  }

  private ScalingDecision held(int bounded) {
    return decision(1, bounded, 1, ScalingReason.UPSCALE_DELAY);
  }

  private ScalingDecision steady() {
    return decision(1, 1, 1, ScalingReason.AS_WANTED);
  }

  @Test
  void entries_nothingWanted_areTheLatestOnly() {
    ScalingDecision latest = null;
    for (int i = 0; i < 5; i++) {
      latest = steady();
      log.add(latest);
    }

    assertThat(log.entries()).containsExactly(latest);
  }

  @Test
  void entries_sameWantHeldOverAndOver_areOneUntilTheTargetChanges() {
    ScalingDecision two = held(2);
    ScalingDecision three = held(3);
    ScalingDecision change = decision(1, 3, 3, ScalingReason.BACKLOG_ABOVE_TARGET);
    ScalingDecision again = held(2);
    log.add(two);
    log.add(held(2));
    log.add(three);
    log.add(steady());
    log.add(held(2));
    log.add(change);
    log.add(again);

    assertThat(log.entries()).containsExactly(two, three, change, again);
  }

  @Test
  void entries_manyChanges_areTheLatestHundredAndHeldOnesGoFirst() {
    ScalingDecision first = decision(1, 2, 2, ScalingReason.BACKLOG_ABOVE_TARGET);
    log.add(first);
    for (int i = 0; i < 99; i++) {
      log.add(held(i + 2));
    }
    for (int i = 0; i < 99; i++) {
      log.add(decision(2, 1, 1, ScalingReason.BACKLOG_BELOW_TARGET));
    }

    assertThat(log.entries()).hasSize(100).allMatch(ScalingDecision::isChange).contains(first);
    log.add(decision(1, 2, 2, ScalingReason.BACKLOG_ABOVE_TARGET));
    assertThat(log.entries()).hasSize(100).doesNotContain(first);
  }
}
