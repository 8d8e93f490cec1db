package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ReplicaChoice} alone, with seeded draws. */
final class ReplicaChoiceTest {

  @Test
  void pick_withoutReplicas_isEmpty() {
    assertThat(choice(1, 8).pick()).isEmpty();
  }

  @Test
  void pick_allFull_isEmptyUntilOneReportsRoom() {
    ReplicaChoice<String> choice = choice(1, 2);
    choice.add("a");
    choice.report("a", 2);

    assertThat(choice.pick()).isEmpty();
    choice.report("a", 1);
    assertThat(choice.pick()).contains("a");
  }

  @Test
  void pick_twoReplicas_takesTheLessBusy() {
    ReplicaChoice<String> choice = choice(2, 100);
    choice.add("busy");
    choice.add("idle");
    choice.report("busy", 50);

    for (int i = 0; i < 40; i++) {
      assertThat(choice.pick()).contains("idle");
      choice.sent("idle");
    }
  }

  @Test
  void report_afterSends_replacesTheEstimate() {
    ReplicaChoice<String> choice = choice(3, 3);
    choice.add("a");
    choice.sent("a");
    choice.sent("a");
    choice.sent("a");
    assertThat(choice.pick()).isEmpty();

    choice.ended("a");
    choice.report("a", 2);

    assertThat(choice.pick()).contains("a");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void pick_manyReplicas_balancesByTwoChoices(long seed) {
    ReplicaChoice<String> choice = choice(seed, 10_000);
    for (int i = 0; i < 8; i++) {
      choice.add("r" + i);
    }
    Map<String, Integer> sent = new HashMap<>();
    for (int i = 0; i < 800; i++) {
      String replica = choice.pick().orElseThrow();
      choice.sent(replica);
      sent.merge(replica, 1, Integer::sum);
    }

    assertThat(sent.values()).as("seed %d", seed).allMatch(count -> count > 90 && count < 110);
  }

  private static ReplicaChoice<String> choice(long seed, int maxOngoing) {
    return new ReplicaChoice<>(new SplittableRandom(seed), maxOngoing);
  }
}
