package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link StepCostModel} against machines with known costs. */
final class StepCostModelTest {
  private final StepCostModel costs = new StepCostModel();

  static LongStream seeds() {
    return LongStream.range(0, 50);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void observe_noisySteps_learnsWhatStepsCost(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double fixed = Math.pow(10, -3 + 2 * random.nextDouble());
    double perToken = fixed / random.nextDouble(2, 200);
    double perPair = perToken / random.nextDouble(1000, 50_000);
    for (int i = 0; i < 400; i++) {
      int tokens = 1 << random.nextInt(11);
      double attention = StepCostModel.attention(random.nextInt(8000), tokens);
      double noise = 1 + 0.1 * (2 * random.nextDouble() - 1);
      costs.observe(tokens, attention, noise * (fixed + perToken * tokens + perPair * attention));
    }

    for (int tokens : new int[] {1, 20, 300, 2000}) {
      double attention = StepCostModel.attention(3000, tokens);
      double truth = fixed + perToken * tokens + perPair * attention;
      assertThat(costs.seconds(tokens, attention))
          .as("seed %d, %d tokens", seed, tokens)
          .isCloseTo(truth, within(0.1 * truth));
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void observe_anyTimes_neverCostsLessThanNothing(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 100; i++) {
      int tokens = random.nextInt(1, 3000);
      costs.observe(
          tokens, StepCostModel.attention(random.nextInt(9000), tokens), random.nextDouble());
      assertThat(costs.seconds(0, 0)).isNotNegative();
      assertThat(costs.added(1, 0)).isNotNegative();
      assertThat(costs.added(0, 1)).isNotNegative();
    }
  }

  @Test
  void observe_theFirstStep_teachesNothing() {
    costs.observe(1, 1, 30);
    costs.observe(1, 1, 0.1);

    assertThat(costs.seconds(1, 1)).isCloseTo(0.1, within(1e-6));
  }

  @Test
  void observe_onePause_movesLittle() {
    learnFrom(0.1, 0.001, 200);

    costs.observe(1, 1, 60);

    assertThat(costs.seconds(1, 1)).isLessThan(0.14);
  }

  @Test
  void observe_hoursOfDecoding_keepsWhatAPromptCosts() {
    learnFrom(0.1, 0.001, 200);

    for (int i = 0; i < 100_000; i++) {
      costs.observe(4, 4000, 0.104);
    }

    assertThat(costs.added(100, 0)).isCloseTo(0.1, within(0.01));
  }

  @Test
  void observe_unknownDuration_isIgnored() {
    costs.observe(1, 1, 0);
    costs.observe(1, 1, 0);

    assertThat(costs.seconds(100, 100)).isZero();
    assertThat(costs.mostTokens()).isZero();
  }

  @Test
  void tokensWithin_isTheInverseOfAdded() {
    for (int i = 0; i < 200; i++) {
      int tokens = 1 << i % 11;
      double attention = StepCostModel.attention(97 * i, tokens);
      costs.observe(tokens, attention, 0.1 + 0.001 * tokens + 1e-7 * attention);
    }

    int tokens = costs.tokensWithin(0.5, 4000);

    assertThat(costs.added(tokens, StepCostModel.attention(4000, tokens))).isLessThan(0.5);
    assertThat(costs.added(tokens + 2, StepCostModel.attention(4000, tokens + 2)))
        .isGreaterThan(0.5);
    assertThat(costs.tokensWithin(0, 4000)).isZero();
    assertThat(costs.tokensWithin(-1, 4000)).isZero();
  }

  @Test
  void fixedTokens_isTheRatioOfFixedToOneToken() {
    assertThat(costs.fixedTokens()).isZero();

    learnFrom(0.1, 0.001, 200);

    assertThat(costs.fixedTokens()).isCloseTo(100, within(5.0));
  }

  private void learnFrom(double fixed, double perToken, int steps) {
    for (int i = 0; i < steps; i++) {
      int tokens = 1 << i % 11;
      costs.observe(tokens, tokens, fixed + perToken * tokens);
    }
  }
}
