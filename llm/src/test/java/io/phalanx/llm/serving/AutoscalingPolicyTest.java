package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.AggregationFunction;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.engine.Backlog;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** {@link AutoscalingPolicy}: delays, bounds, headroom and cold starts on a clock of the test. */
final class AutoscalingPolicyTest {
  private AutoscalingPolicy policy = new AutoscalingPolicy(between(1, 4).build());
  private double time;

  /** A target of 10 requests a replica; an average over no time is the newest backlog. */
  private static LlmConfigBuilder between(int min, int max) {
    return LlmConfig.builder()
        .modelId("m")
        .minReplicas(min)
        .maxReplicas(max)
        .targetOngoingRequests(10)
        .lookBackPeriod(Duration.ZERO);
  }

  private ScalingDecision at(double seconds, int ready, int target, int requests) {
    return at(seconds, ready, Math.max(0, target - ready), target, new Backlog(requests, 0, 0, 0));
  }

  private ScalingDecision at(double seconds, int ready, int starting, int target, Backlog backlog) {
    time = seconds;
    return policy.decide(
        Math.round(time * 1e9),
        new ScalingInput(Math.round(time * 1e3), ready, starting, target, 0, backlog));
  }

  /** Decides twice a second from just after the last time on. */
  private ScalingDecision until(double seconds, int ready, int target, int requests) {
    ScalingDecision decision = at(time + 0.5, ready, target, requests);
    while (time < seconds && !decision.isChange()) {
      decision = at(time + 0.5, ready, target, requests);
    }
    return decision;
  }

  @Test
  void decide_defaults_aimAtThreeQuartersOfTheSequences() {
    policy =
        new AutoscalingPolicy(
            LlmConfig.builder().modelId("m").minReplicas(1).maxReplicas(2).build());

    assertThat(at(0, 1, 1, 49).load()).isEqualTo(49 / 48.0);
    assertThat(until(1.5, 1, 1, 49).delayLeft()).isEqualTo(Duration.ofMillis(500));
    assertThat(at(2, 1, 1, 49).applied()).isEqualTo(2);
  }

  @Test
  void decide_backlogAboveTarget_scalesUpAfterTheDelay() {
    ScalingDecision first = at(0, 1, 1, 25);
    ScalingDecision held = at(1, 1, 1, 35);
    ScalingDecision applied = at(2, 1, 1, 35);

    assertThat(first.reason()).isEqualTo(ScalingReason.UPSCALE_DELAY);
    assertThat(first.delayLeft()).isEqualTo(Duration.ofSeconds(2));
    assertThat(held.isHeld()).isTrue();
    assertThat(held.bounded()).isEqualTo(4);
    assertThat(held.applied()).isEqualTo(1);
    assertThat(applied.applied()).isEqualTo(4);
    assertThat(applied.reason()).isEqualTo(ScalingReason.BACKLOG_ABOVE_TARGET);
  }

  @Test
  void decide_backlogFallsInBetween_startsTheDelayAnew() {
    at(0, 1, 1, 20);
    at(1, 1, 1, 5);

    assertThat(at(2, 1, 1, 20).applied()).isEqualTo(1);
    assertThat(at(4, 1, 1, 20).applied()).isEqualTo(2);
  }

  @Test
  void decide_idle_scalesDownAfterTheDownscaleDelay() {
    at(0, 4, 4, 0);

    assertThat(until(59.5, 4, 4, 0).reason()).isEqualTo(ScalingReason.DOWNSCALE_DELAY);
    ScalingDecision applied = at(60, 4, 4, 0);
    assertThat(applied.applied()).isEqualTo(1);
    assertThat(applied.reason()).isEqualTo(ScalingReason.BACKLOG_BELOW_TARGET);
  }

  @Test
  void decide_fewerWouldLeaveNoHeadroom_holds() {
    ScalingDecision decision = at(0, 3, 3, 19);

    assertThat(decision.desired()).isEqualTo(2);
    assertThat(decision.reason()).isEqualTo(ScalingReason.DOWNSCALE_HEADROOM);
    assertThat(until(300, 3, 3, 19).applied()).isEqualTo(3);
    assertThat(until(600, 3, 3, 18).applied()).isEqualTo(2);
  }

  @Test
  void decide_withoutHeadroom_isRays() {
    policy = new AutoscalingPolicy(between(1, 4).downscaleHeadroom(0).build());
    at(0, 3, 3, 20);

    assertThat(until(60, 3, 3, 20).applied()).isEqualTo(2);
  }

  @Test
  void decide_replicasStart_doesNotAskForThemAgain() {
    policy = new AutoscalingPolicy(between(1, 20).upscalingFactor(2).build());
    at(0, 1, 1, 40);

    assertThat(until(2, 1, 1, 40).applied()).isEqualTo(7);
    assertThat(until(30, 1, 7, 60).applied()).isEqualTo(7);
  }

  @Test
  void decide_atMax_saysSoAtOnce() {
    ScalingDecision decision = at(0, 4, 4, 100);

    assertThat(decision.desired()).isEqualTo(10);
    assertThat(decision.bounded()).isEqualTo(4);
    assertThat(decision.reason()).isEqualTo(ScalingReason.AT_MAX_REPLICAS);
    assertThat(decision.isHeld()).isTrue();
  }

  @Test
  void decide_requestsWaitAndNothingRuns_startsAtOnce() {
    policy = new AutoscalingPolicy(between(0, 4).build());
    assertThat(at(0, 0, 0, 0).reason()).isEqualTo(ScalingReason.AS_WANTED);

    ScalingDecision decision = policy.decide(1, new ScalingInput(1, 0, 0, 0, 3, Backlog.EMPTY));

    assertThat(decision.applied()).isEqualTo(1);
    assertThat(decision.reason()).isEqualTo(ScalingReason.COLD_START);
    assertThat(at(2, 0, 1, 3).reason()).isEqualTo(ScalingReason.STARTING);
  }

  @Test
  void decide_coldStartWithFactor_startsAsManyAsTheFactor() {
    policy = new AutoscalingPolicy(between(0, 4).upscalingFactor(2.5).build());

    assertThat(at(0, 0, 0, 1).applied()).isEqualTo(3);
  }

  @Test
  void decide_idleWithMinZero_keepsTheLastReplicaForItsOwnDelay() {
    policy =
        new AutoscalingPolicy(between(0, 4).downscaleToZeroDelay(Duration.ofMinutes(5)).build());
    at(0, 3, 3, 0);

    assertThat(until(60, 3, 3, 0).applied()).isEqualTo(1);
    assertThat(at(60.5, 1, 1, 0).reason()).isEqualTo(ScalingReason.DOWNSCALE_TO_ZERO_DELAY);
    assertThat(until(360, 1, 1, 0).applied()).isEqualTo(1);
    assertThat(until(361, 1, 1, 0).applied()).isEqualTo(0);
  }

  @Test
  void decide_oneRequestInTheLookBack_isNoReasonForZero() {
    policy =
        new AutoscalingPolicy(
            between(0, 4)
                .lookBackPeriod(Duration.ofSeconds(30))
                .downscaleToZeroDelay(Duration.ZERO)
                .build());
    at(0, 1, 1, 1);

    assertThat(until(29.5, 1, 1, 0).desired()).isEqualTo(1);
    assertThat(until(31, 1, 1, 0).applied()).isEqualTo(0);
  }

  @Test
  void decide_tokensWantMore_winOverRequests() {
    policy = new AutoscalingPolicy(between(1, 4).targetBacklogTokens(1000).build());

    ScalingDecision decision = at(0, 1, 0, 1, new Backlog(2, 1, 2200, 300));

    assertThat(decision.averageTokens()).isEqualTo(2500);
    assertThat(decision.load()).isEqualTo(2.5);
    assertThat(decision.desired()).isEqualTo(3);
  }

  @Test
  void decide_gangsOfReplicas_haveTheTargetOfAllTheirReplicas() {
    policy = new AutoscalingPolicy(between(1, 4).dataParallelSize(2).build());

    assertThat(at(0, 1, 1, 30).load()).isEqualTo(1.5);
  }

  @Test
  void update_otherBounds_applyAtOnceAndKeepWhatWasSeen() {
    policy = new AutoscalingPolicy(between(1, 4).lookBackPeriod(Duration.ofSeconds(10)).build());
    at(0, 4, 4, 40);
    at(5, 4, 4, 20);

    policy.update(between(1, 3).lookBackPeriod(Duration.ofSeconds(10)).build());
    ScalingDecision decision = at(10, 4, 4, 0);

    assertThat(decision.averageRequests()).isEqualTo(30);
    assertThat(decision.applied()).isEqualTo(3);
    assertThat(decision.reason()).isEqualTo(ScalingReason.OUTSIDE_BOUNDS);
  }

  @Test
  void decide_maxAndMin_takeTheExtremesOfTheLookBack() {
    assertThat(aggregated(AggregationFunction.MAX)).isEqualTo(30);
    assertThat(aggregated(AggregationFunction.MIN)).isEqualTo(10);
    assertThat(aggregated(AggregationFunction.MEAN)).isEqualTo((10 + 3 * 30) / 4.0);
  }

  private double aggregated(AggregationFunction function) {
    policy =
        new AutoscalingPolicy(
            between(1, 4)
                .lookBackPeriod(Duration.ofSeconds(4))
                .aggregationFunction(function)
                .build());
    at(0, 1, 1, 90);
    at(1, 1, 1, 10);
    at(2, 1, 1, 30);
    return at(5, 1, 1, 20).averageRequests();
  }

  @Test
  void decide_clockLeapsForward_countsALittleOfIt() {
    at(0, 4, 4, 0);

    assertThat(at(100_000, 4, 4, 0).delayLeft()).isEqualTo(Duration.ofSeconds(55));
  }

  @Test
  void decide_clockRunsBackward_standsStill() {
    at(100, 1, 1, 20);
    at(50, 1, 1, 20);

    assertThat(at(51, 1, 1, 20).delayLeft()).isEqualTo(Duration.ofSeconds(1));
    assertThat(at(52, 1, 1, 20).applied()).isEqualTo(2);
  }

  @Test
  void decide_downscaleHadToBeUndone_waitsTwiceAsLong() {
    at(0, 2, 2, 5);
    until(60, 2, 2, 5);
    at(61, 1, 1, 20);
    until(63, 1, 1, 20);

    assertThat(at(64, 2, 2, 5).delayLeft()).isEqualTo(Duration.ofMinutes(2));
  }
}
