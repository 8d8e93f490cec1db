package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Whom {@link StuckRanks} names. */
final class StuckRanksTest {

  @Test
  void of_oneComputesWhileTheOthersWaitForIt_isTheOneThatComputes() {
    StuckRanks stuck =
        StuckRanks.of(Set.of(0, 1, 2), List.of(waits(2, 7), computes(1, 7), waits(0, 7)));

    assertThat(stuck).isEqualTo(new StuckRanks(List.of(1), " does not end step 7"));
  }

  @Test
  void of_aRankThatIsAheadAndComputes_isNotNamed() {
    StuckRanks stuck = StuckRanks.of(Set.of(0, 1), List.of(computes(0, 9), computes(1, 7)));

    assertThat(stuck.ranks()).containsExactly(1);
  }

  @Test
  void of_ranksThatDidNotAnswer_areNamedBeforeAnyOther() {
    StuckRanks stuck = StuckRanks.of(Set.of(0, 1, 2), List.of(computes(1, 7)));

    assertThat(stuck).isEqualTo(new StuckRanks(List.of(0, 2), " does not answer"));
  }

  @Test
  void of_allWait_areAllNamed() {
    StuckRanks stuck = StuckRanks.of(Set.of(0, 1), List.of(waits(1, 7), waits(0, 7)));

    assertThat(stuck).isEqualTo(new StuckRanks(List.of(0, 1), " waits for ever in step 7"));
  }

  private static Replica.WorkerSteps computes(int rank, long endedSteps) {
    return new Replica.WorkerSteps(rank, endedSteps, false);
  }

  private static Replica.WorkerSteps waits(int rank, long endedSteps) {
    return new Replica.WorkerSteps(rank, endedSteps, true);
  }
}
