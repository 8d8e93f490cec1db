package io.phalanx.llm.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.EngineSettings;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.LlmEngine;
import io.phalanx.llm.engine.SchedulingPolicy;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Routing policies over real engines in virtual time; a failure names its seed. */
final class RoutingSimulationTest {
  private static final int REPLICAS = 4;
  private static final int BLOCK_SIZE = 16;
  private static final AdmissionLimits LIMITS =
      new AdmissionLimits("m", -1, 64, 16, SchedulingPolicy.FCFS);

  /** What every policy is compared with. */
  private record AtRandom(RandomGenerator random) implements ReplicaPicker<Integer> {
    @Override
    public Optional<Integer> pick(GenerationRequest request, ReplicaLoads<Integer> loads) {
      List<Integer> open = loads.open();
      return open.isEmpty() ? Optional.empty() : Optional.of(open.get(random.nextInt(open.size())));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void powerOfTwo_skewedLengths_keepsBacklogsBalanced(long seed) {
    double atRandom = meanSpread(seed, new AtRandom(new SplittableRandom(~seed)));
    double powerOfTwo = meanSpread(seed, new PowerOfTwoChoices<>(new SplittableRandom(~seed)));

    assertThat(powerOfTwo).as("seed %d, at random %s", seed, atRandom).isLessThan(0.5 * atRandom);
    assertThat(powerOfTwo).as("seed %d", seed).isLessThan(0.5);
  }

  /**
   * Returns how far apart the busiest and the least busy replica are in tokens left, as a share of
   * the mean, over a load of 90 % with lengths of which a tenth is ten times as long.
   */
  private static double meanSpread(long seed, ReplicaPicker<Integer> picker) {
    SplittableRandom random = new SplittableRandom(seed);
    SimulatedReplicas replicas = new SimulatedReplicas(REPLICAS, settings(2_000), LIMITS, picker);
    double spread = 0;
    int samples = 0;
    double arrivalsPerStep = 0.9 * REPLICAS * 16 / 76.0; // 16 tokens a step, 76 a request
    double due = 0;
    for (int step = 0, number = 0; step < 6_000; step++) {
      for (due += arrivalsPerStep * 2 * random.nextDouble(); due >= 1; due--) {
        int output = random.nextInt(10) == 0 ? 400 : 40;
        replicas.offer(Requests.of("r" + number++, 4, output));
      }
      replicas.step();
      if (step > 1_000) {
        spread += spread(replicas.engines());
        samples++;
      }
    }
    return spread / samples;
  }

  private static double spread(List<LlmEngine> engines) {
    long[] left =
        engines.stream().mapToLong(engine -> engine.backlog().tokens()).sorted().toArray();
    double mean = 0;
    for (long tokens : left) {
      mean += (double) tokens / left.length;
    }
    return mean == 0 ? 0 : (left[left.length - 1] - left[0]) / mean;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void prefixAffinity_sharedPrefixes_doublesTheCacheHits(long seed) {
    double atRandom = hitShare(seed, new AtRandom(new SplittableRandom(~seed)));
    ReplicaPicker<Integer> powerOfTwo = new PowerOfTwoChoices<>(new SplittableRandom(~seed));
    double affinity = hitShare(seed, new PrefixAffinity<>(powerOfTwo, 10, BLOCK_SIZE));

    assertThat(affinity).as("seed %d, at random %s", seed, atRandom).isGreaterThan(2 * atRandom);
    assertThat(affinity).as("seed %d", seed).isGreaterThan(0.7);
  }

  /**
   * Returns which share of the prompts' tokens the engines found in their caches, over 32 shared
   * beginnings of which one engine's cache holds a third.
   */
  private static double hitShare(long seed, ReplicaPicker<Integer> picker) {
    SplittableRandom random = new SplittableRandom(seed);
    SimulatedReplicas replicas = new SimulatedReplicas(REPLICAS, settings(180), LIMITS, picker);
    for (int number = 0; number < 2_000; number++) {
      int[] prompt = Requests.prompt(random.nextInt(32), 256, number, 32);
      replicas.offer(Requests.of("r" + number, prompt, 8));
      replicas.step();
    }
    long queries = 0;
    long hits = 0;
    for (LlmEngine engine : replicas.engines()) {
      queries += engine.stats().prefixCacheQueries();
      hits += engine.stats().prefixCacheHits();
    }
    return (double) hits / queries;
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void prefixAffinity_onePrefixForAll_staysWithinTheThreshold(long seed) {
    ReplicaPicker<Integer> powerOfTwo = new PowerOfTwoChoices<>(new SplittableRandom(~seed));
    SimulatedReplicas replicas =
        new SimulatedReplicas(
            REPLICAS, settings(2_000), LIMITS, new PrefixAffinity<>(powerOfTwo, 10, BLOCK_SIZE));
    for (int number = 0; number < 400; number++) {
      replicas.offer(Requests.of("r" + number, Requests.prompt(1, 256, number, 16), 40));
      if (number % 2 == 0) {
        replicas.step();
      }
      List<Integer> held =
          replicas.engines().stream().map(LlmEngine::numRequests).sorted().toList();
      assertThat(held.get(REPLICAS - 1) - held.get(0)).as("seed %d", seed).isLessThanOrEqualTo(11);
    }
  }

  private static EngineSettings settings(int blocks) {
    return new EngineSettings(
        BLOCK_SIZE, blocks, 2_048, 16, 1_024, true, 1, SimulatedReplicas.VOCAB_SIZE);
  }
}
