package io.phalanx.placement.reservation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random histories of a {@link SimulatedCluster}, 100,000 steps in all. After each step nothing is
 * reserved twice, lost or split, and strategies hold; within bounded time of quiet the ledgers hold
 * exactly what the groups own, and every group that fits is created. A failure prints the seed and
 * what happened last. Twice as many steps: {@code -Dphalanx.simulation.steps=200000}.
 */
final class GroupSchedulerSimulationTest {
  private static final int STEPS_PER_SEED = 2_000;
  private static final int MOST_QUIET_TICKS = 240;

  static LongStream seeds() {
    return LongStream.range(
        0, Integer.getInteger("phalanx.simulation.steps", 100_000) / STEPS_PER_SEED);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void anythingMayHappen_nothingIsReservedTwiceOrLost(long seed) {
    SimulatedCluster cluster = new SimulatedCluster(seed);
    ClusterInvariants invariants = new ClusterInvariants(cluster);
    for (int step = 0; step < STEPS_PER_SEED; step++) {
      cluster.step();
      invariants.assertAlways();
    }
    cluster.becomeQuiet();
    int ticks = 0;
    while (!invariants.isSettled() && ticks++ < MOST_QUIET_TICKS) {
      cluster.quietTick();
      invariants.assertAlways();
    }
    invariants.assertSettled();
    assertThat(cluster.manager.isActive()).as(cluster::describe).isTrue();
  }
}
