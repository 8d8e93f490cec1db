package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.engine.Backlog;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@link AutoscalingPolicy} with its default delays under loads around its thresholds, over hours
 * of virtual time. A failure names its seed.
 */
final class AutoscalingSimulationTest {
  private static final double TARGET = 10;
  private static final double TICK_SECONDS = 0.5;
  private static final double COOL_DOWN_SECONDS = 60;
  private static final double STARTING_SECONDS = 5;

  /** A deployment whose replicas take a while to start and none to stop. */
  private static final class Deployment {
    private final AutoscalingPolicy policy =
        new AutoscalingPolicy(
            LlmConfig.builder()
                .modelId("m")
                .minReplicas(1)
                .maxReplicas(10)
                .targetOngoingRequests(TARGET)
                .build());
    private double clockSeconds = 1000;
    private double seconds;
    private int ready = 1;
    private int target = 1;
    private double readySince;
    private int changes;
    private int reversals;
    private int direction;

    private void tick(double requests) {
      seconds += TICK_SECONDS;
      clockSeconds += TICK_SECONDS;
      if (target < ready || seconds - readySince >= STARTING_SECONDS) {
        ready = target;
      }
      Backlog backlog = new Backlog((int) Math.round(Math.max(0, requests)), 0, 0, 0);
      ScalingInput input = new ScalingInput(0, ready, target - ready, target, 0, backlog);
      ScalingDecision decision = policy.decide(Math.round(clockSeconds * 1e9), input);
      if (decision.isChange()) {
        change(decision.applied());
      }
    }

    private void change(int applied) {
      int next = Integer.signum(applied - target);
      reversals += next == -direction ? 1 : 0;
      direction = next;
      target = applied;
      readySince = seconds;
      changes++;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void steadyLoadNearAThreshold_neverOscillates(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (double mean : new double[] {9, 9.5, 10, 10.5, 18, 19, 20, 21, 30, 39, 40, 41}) {
      Deployment deployment = new Deployment();
      for (int tick = 0; tick < 4 * 7200; tick++) {
        deployment.tick(mean * random.nextDouble(0.95, 1.05));
      }

      assertThat(deployment.reversals).as("seed %d, mean %s", seed, mean).isZero();
      assertThat(deployment.target * TARGET).as("seed %d", seed).isGreaterThanOrEqualTo(mean - 1);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 0.2", "2, 0.2", "3, 0.5", "4, 0.5", "5, 1", "6, 1"})
  void wildLoad_reversesAtMostTwiceInACoolDown(long seed, double noise) {
    SplittableRandom random = new SplittableRandom(seed);
    Deployment deployment = new Deployment();
    for (int tick = 0; tick < 4 * 7200; tick++) {
      deployment.tick(25 * (1 + noise * ((RandomGenerator) random).nextGaussian()));
    }

    double coolDowns = deployment.seconds / COOL_DOWN_SECONDS;
    assertThat(deployment.reversals).as("seed %d", seed).isLessThanOrEqualTo((int) coolDowns);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void loadThatOneReplicaLessCannotCarry_isLookedForMoreAndMoreSeldom(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Deployment deployment = new Deployment();
    double backlog = 5;
    for (int tick = 0; tick < 2 * 7200; tick++) {
      double arrives = 11 * TICK_SECONDS * random.nextDouble(0.9, 1.1);
      backlog = Math.max(5, backlog + arrives - 10 * TICK_SECONDS * deployment.ready);
      deployment.tick(backlog);
    }

    double coolDowns = deployment.seconds / COOL_DOWN_SECONDS;
    assertThat(deployment.reversals).as("seed %d", seed).isLessThan((int) (coolDowns / 2));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void clockThatJumps_changesNothingForASteadyLoad(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Deployment deployment = new Deployment();
    for (int tick = 0; tick < 7200; tick++) {
      if (random.nextInt(50) == 0) {
        deployment.clockSeconds += random.nextDouble(-500, 500);
      }
      deployment.tick(25);
    }

    assertThat(deployment.target).as("seed %d", seed).isEqualTo(3);
    assertThat(deployment.changes).as("seed %d", seed).isEqualTo(1);
  }
}
