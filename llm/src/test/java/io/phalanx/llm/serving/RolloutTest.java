package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.serving.DeploymentVersion.Trial;
import io.phalanx.llm.serving.Rollout.Gang;
import io.phalanx.llm.serving.Rollout.Phase;
import io.phalanx.llm.serving.Rollout.Plan;
import io.phalanx.llm.serving.Rollout.Start;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The moves of a {@link Rollout} one by one. */
final class RolloutTest {
  private static final LlmConfig CONFIG = LlmConfig.builder().modelId("m").build();
  private static final DeploymentVersion OLD = new DeploymentVersion("old", 1, CONFIG, Trial.GOOD);
  private static final DeploymentVersion NEW = new DeploymentVersion("new", 2, CONFIG, Trial.NEW);

  @Test
  void noUpdate_startsWhatIsMissingUnderFreeOrdinals() {
    Plan plan = Rollout.plan(List.of(OLD), 3, 1, List.of(gang(1, OLD, Phase.READY)));

    assertThat(plan.start()).containsExactly(new Start(0, OLD), new Start(2, OLD));
    assertThat(plan.stop()).isEmpty();
  }

  @Test
  void noUpdate_fewerAimedAt_stopsThoseThatCannotAnswerFirst() {
    List<Gang> gangs =
        List.of(
            gang(0, OLD, Phase.WAITING),
            gang(1, OLD, Phase.READY),
            gang(2, OLD, Phase.STARTING),
            gang(3, OLD, Phase.READY));

    assertThat(Rollout.plan(List.of(OLD), 1, 1, gangs).stop()).containsExactly(0, 2, 3);
  }

  @Test
  void update_startsOneMoreThanAimedAt() {
    Plan plan = roll(2, gang(0, OLD, Phase.READY), gang(1, OLD, Phase.READY));

    assertThat(plan.start()).containsExactly(new Start(2, NEW));
    assertThat(plan.stop()).isEmpty();
  }

  @Test
  void update_newOneLoads_waitsForIt() {
    Plan plan =
        roll(2, gang(0, OLD, Phase.READY), gang(1, OLD, Phase.READY), gang(2, NEW, Phase.STARTING));

    assertThat(plan).isEqualTo(new Plan(List.of(), List.of(), ""));
  }

  @Test
  void update_newOneIsReady_letsAnOldOneGoAndStartsTheNext() {
    Plan plan =
        roll(2, gang(0, OLD, Phase.READY), gang(1, OLD, Phase.READY), gang(2, NEW, Phase.READY));

    assertThat(plan.stop()).containsExactly(1);
    assertThat(plan.start()).containsExactly(new Start(3, NEW));
  }

  @Test
  void update_newOneWaitsForRoom_oneOldOneGivesWay() {
    Plan plan =
        roll(2, gang(0, OLD, Phase.READY), gang(1, OLD, Phase.READY), gang(2, NEW, Phase.WAITING));

    assertThat(plan.stop()).containsExactly(1);
    assertThat(plan.start()).isEmpty();
  }

  @Test
  void update_newOneWaitsWhileRoomIsBeingFreed_noOtherGivesWay() {
    Plan plan =
        roll(
            3,
            gang(0, OLD, Phase.READY),
            gang(1, OLD, Phase.READY),
            gang(2, OLD, Phase.STOPPING),
            gang(3, NEW, Phase.WAITING));

    assertThat(plan.stop()).isEmpty();
  }

  @Test
  void update_onlyTheLastReadyOneCouldGiveWay_waitsAndSaysSo() {
    Plan plan = roll(1, gang(0, OLD, Phase.READY), gang(1, NEW, Phase.WAITING));

    assertThat(plan.stop()).isEmpty();
    assertThat(plan.waitsFor()).contains("waits for room");
  }

  @Test
  void update_thatNoNodeCouldHold_takesNoOldOne() {
    Plan plan =
        roll(
            2,
            gang(0, OLD, Phase.READY),
            gang(1, OLD, Phase.READY),
            gang(2, NEW, Phase.INFEASIBLE));

    assertThat(plan.stop()).isEmpty();
    assertThat(plan.waitsFor()).contains("no node could hold");
  }

  @Test
  void update_oldOneThatCannotAnswer_givesWayBeforeAReadyOne() {
    Plan plan =
        roll(
            2,
            gang(0, OLD, Phase.STARTING),
            gang(1, OLD, Phase.READY),
            gang(2, NEW, Phase.WAITING));

    assertThat(plan.stop()).containsExactly(0);
  }

  @Test
  void update_ofTwiceTheSize_mayTakeTwoOldOnes() {
    List<Gang> gangs =
        List.of(gang(0, OLD, Phase.READY), gang(1, OLD, Phase.READY), gang(3, NEW, Phase.WAITING));

    assertThat(Rollout.plan(List.of(OLD, NEW), 3, 1, gangs).stop()).isEmpty();
    assertThat(Rollout.plan(List.of(OLD, NEW), 3, 2, gangs).stop()).containsExactly(1);
  }

  @Test
  void undoing_badVersionThatServes_isReplacedOneByOneAndNotRestarted() {
    DeploymentVersion bad = NEW.withTrial(Trial.BAD);
    List<Gang> gangs =
        List.of(gang(0, OLD, Phase.READY), gang(1, bad, Phase.READY), gang(2, bad, Phase.STARTING));

    Plan plan = Rollout.plan(List.of(bad, OLD), 2, 1, gangs);

    assertThat(plan.stop()).containsExactly(2);
    assertThat(plan.start()).containsExactly(new Start(3, OLD));
  }

  @Test
  void versionThatIsGone_stops() {
    Plan plan = Rollout.plan(List.of(OLD), 1, 1, List.of(gang(4, NEW, Phase.READY)));

    assertThat(plan.stop()).containsExactly(4);
    assertThat(plan.start()).containsExactly(new Start(0, OLD));
  }

  private static Plan roll(int target, Gang... gangs) {
    return Rollout.plan(List.of(OLD, NEW), target, 1, List.of(gangs));
  }

  private static Gang gang(int ordinal, DeploymentVersion version, Phase phase) {
    return new Gang(ordinal, version.id(), phase);
  }
}
