package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.serving.Rollout.Gang;
import io.phalanx.llm.serving.Rollout.Phase;
import io.phalanx.runtime.error.ErrorCode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/**
 * A {@link DeploymentLife} over a made-up cluster of GPUs, with updates good and bad, replicas that
 * crash and targets that move. The seed is the repetition.
 */
final class DeploymentLifeSimulationTest {
  private static final int BUSY_STEPS = 300;
  private static final int QUIET_STEPS = 400;

  private static final class SimulatedGang {
    private final DeploymentVersion version;
    private Phase phase = Phase.WAITING;
    private boolean holdsRoom;

    private SimulatedGang(DeploymentVersion version) {
      this.version = version;
    }
  }

  private final Map<Integer, SimulatedGang> gangs = new TreeMap<>();
  private final Set<String> broken = new HashSet<>();
  private SplittableRandom random = new SplittableRandom();
  private DeploymentLife life = new DeploymentLife(DesiredDeployment.first(config(1, 1), "v1", 0));
  private int gpus;
  private int versions = 1;

  @RepeatedTest(300)
  void anyCourse_keepsWhatServesAndEnds(RepetitionInfo repetition) {
    random = new SplittableRandom(repetition.getCurrentRepetition());
    gpus = random.nextInt(2, 9);
    life = new DeploymentLife(DesiredDeployment.first(config(1, 1), "v1", 0));
    settle(false);

    for (int step = 0; step < BUSY_STEPS; step++) {
      if (random.nextInt(40) == 0) {
        update();
      } else if (random.nextInt(40) == 0) {
        life.aimAt(random.nextInt(1, gpus + 1));
      }
      step(random.nextInt(30) == 0);
    }
    settle(true);
  }

  private void settle(boolean mayWait) {
    for (int step = 0; step < QUIET_STEPS && !isSettled(); step++) {
      step(false);
    }
    boolean waits = mayWait && (!life.waitsFor().isEmpty() || !hasRoomForTarget());
    assertThat(isSettled() || waits).as("%s of %d GPUs", describe(), gpus).isTrue();
    assertThat(ready()).isPositive();
  }

  private boolean hasRoomForTarget() {
    int size = size(life.desired().config());
    return size * (life.desired().target() + 1) <= gpus;
  }

  private boolean isSettled() {
    return !life.desired().isRolling()
        && gangs.size() == life.desired().effectiveTarget()
        && ready() == gangs.size();
  }

  private String describe() {
    List<String> texts = new ArrayList<>();
    gangs.forEach((o, gang) -> texts.add(o + " " + gang.version.id() + " " + gang.phase));
    return life.desired().versions() + " target " + life.desired().target() + ": " + texts;
  }

  private void update() {
    versions++;
    String id = "v" + versions;
    life.deploy(config(versions, random.nextInt(1, 3)), id);
    if (random.nextInt(3) == 0) {
      broken.add(id);
    }
  }

  private static LlmConfig config(int length, int tensorParallelSize) {
    return LlmConfig.builder()
        .modelId("m")
        .minReplicas(1)
        .maxReplicas(100)
        .maxModelLen(length)
        .tensorParallelSize(tensorParallelSize)
        .build();
  }

  private static int size(LlmConfig config) {
    return config.parallel().worldSize();
  }

  private int ready() {
    return (int) gangs.values().stream().filter(gang -> gang.phase == Phase.READY).count();
  }

  /** One thing happens to a gang, then the plan is carried out. */
  private void step(boolean crash) {
    if (!gangs.isEmpty()) {
      List<Integer> ordinals = List.copyOf(gangs.keySet());
      happen(ordinals.get(random.nextInt(ordinals.size())), crash);
    }
    carryOut(life.plan(view()));
  }

  private List<Gang> view() {
    List<Gang> view = new ArrayList<>();
    gangs.forEach((ordinal, gang) -> view.add(new Gang(ordinal, gang.version.id(), gang.phase)));
    return view;
  }

  private SimulatedGang gang(int ordinal) {
    return Objects.requireNonNull(gangs.get(ordinal));
  }

  private void happen(int ordinal, boolean crash) {
    SimulatedGang gang = gang(ordinal);
    switch (gang.phase) {
      case WAITING, INFEASIBLE -> place(gang);
      case STARTING -> {
        if (broken.contains(gang.version.id())) {
          life.failed(gang.version.id(), ErrorCode.REPLICA_FAILED, "broken");
        } else {
          gang.phase = Phase.READY;
          life.ready(gang.version.id());
        }
      }
      case READY -> {
        if (crash && ready() > 1) {
          gang.phase = Phase.STARTING;
          life.failed(gang.version.id(), ErrorCode.REPLICA_FAILED, "crashed");
        }
      }
      case STOPPING -> gangs.remove(ordinal);
    }
  }

  private void place(SimulatedGang gang) {
    int size = size(gang.version.config());
    int used =
        gangs.values().stream()
            .filter(other -> other.holdsRoom)
            .mapToInt(other -> size(other.version.config()))
            .sum();
    gang.phase = size > gpus ? Phase.INFEASIBLE : Phase.WAITING;
    if (used + size <= gpus) {
      gang.holdsRoom = true;
      gang.phase = Phase.STARTING;
    }
  }

  private void carryOut(Rollout.Plan plan) {
    int before = ready();
    for (int ordinal : plan.stop()) {
      gang(ordinal).phase = Phase.STOPPING;
    }
    int target = life.desired().effectiveTarget();
    assertThat(ready())
        .as(describe())
        .isGreaterThanOrEqualTo(Math.min(before, Math.max(1, target - 2)));
    if (before > 0) {
      assertThat(ready()).as("the last ready one is never taken: %s", describe()).isPositive();
    }
    for (Rollout.Start start : plan.start()) {
      assertThat(gangs.put(start.ordinal(), new SimulatedGang(start.version()))).isNull();
    }
  }
}
