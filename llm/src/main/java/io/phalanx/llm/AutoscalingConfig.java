package io.phalanx.llm;

import java.time.Duration;
import java.util.Optional;

/**
 * How the number of a model's replicas follows its backlog; under data parallelism every count is
 * in gangs.
 *
 * @param minReplicas fewest replicas; 0 lets an idle model give back everything it holds
 * @param maxReplicas most replicas, from {@code minReplicas} and 1 to 10,000
 * @param initialReplicas replicas at the start; {@code minReplicas} if absent
 * @param targetOngoingRequests backlog that one replica should have, in requests; 0.75 x
 *     max-num-seqs if absent
 * @param targetBacklogTokens backlog that one replica should have, in tokens to compute and to
 *     generate; tokens do not count if absent. Of both targets the one that wants more wins
 * @param lookBackPeriod from how long ago backlogs count
 * @param aggregationFunction what is taken of the backlogs of that period
 * @param upscaleDelay how long more replicas must be wanted before they are started
 * @param downscaleDelay how long fewer replicas must be wanted before some are stopped
 * @param downscaleToZeroDelay the same for the last replica; {@code downscaleDelay} if absent
 * @param downscaleHeadroom share of the target that must stay free in the replicas that are left,
 *     from 0 to below 1; 0 is Ray's behavior
 * @param upscalingFactor how strongly a missing share of replicas is answered, above 0
 * @param downscalingFactor how strongly a surplus share of replicas is answered, above 0
 */
public record AutoscalingConfig(
    int minReplicas,
    int maxReplicas,
    Optional<Integer> initialReplicas,
    Optional<Double> targetOngoingRequests,
    Optional<Double> targetBacklogTokens,
    Duration lookBackPeriod,
    AggregationFunction aggregationFunction,
    Duration upscaleDelay,
    Duration downscaleDelay,
    Optional<Duration> downscaleToZeroDelay,
    double downscaleHeadroom,
    double upscalingFactor,
    double downscalingFactor) {

  /** The share of {@code max-num-seqs} that one replica's backlog should have by default. */
  public static final double DEFAULT_TARGET_SHARE = 0.75;

  private static final int MOST_REPLICAS = 10_000;
  private static final Duration DEFAULT_LOOK_BACK_PERIOD = Duration.ofSeconds(2);
  private static final Duration DEFAULT_UPSCALE_DELAY = Duration.ofSeconds(2);
  private static final Duration DEFAULT_DOWNSCALE_DELAY = Duration.ofSeconds(60);
  private static final double DEFAULT_DOWNSCALE_HEADROOM = 0.1;

  /** Checks the ranges and their order. */
  public AutoscalingConfig {
    require(minReplicas >= 0, "min-replicas", minReplicas, "at least 0");
    require(
        maxReplicas >= Math.max(1, minReplicas),
        "max-replicas",
        maxReplicas,
        minReplicas == 0 ? "at least 1" : "at least min-replicas, which is " + minReplicas);
    require(maxReplicas <= MOST_REPLICAS, "max-replicas", maxReplicas, "at most " + MOST_REPLICAS);
    int initial = initialReplicas.orElse(minReplicas);
    require(
        initial >= minReplicas && initial <= maxReplicas,
        "initial-replicas",
        initial,
        "from min-replicas to max-replicas, " + minReplicas + " to " + maxReplicas);
    positive("target-ongoing-requests", targetOngoingRequests.orElse(1.0));
    positive("target-backlog-tokens", targetBacklogTokens.orElse(1.0));
    notNegative("look-back-period", lookBackPeriod);
    notNegative("upscale-delay", upscaleDelay);
    notNegative("downscale-delay", downscaleDelay);
    notNegative("downscale-to-zero-delay", downscaleToZeroDelay.orElse(downscaleDelay));
    require(
        downscaleHeadroom >= 0 && downscaleHeadroom < 1,
        "downscale-headroom",
        downscaleHeadroom,
        "from 0 to below 1");
    positive("upscaling-factor", upscalingFactor);
    positive("downscaling-factor", downscalingFactor);
  }

  /** Returns autoscaling between two counts with the defaults of everything else. */
  public static AutoscalingConfig between(int minReplicas, int maxReplicas) {
    return new AutoscalingConfig(
        minReplicas,
        maxReplicas,
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        DEFAULT_LOOK_BACK_PERIOD,
        AggregationFunction.MEAN,
        DEFAULT_UPSCALE_DELAY,
        DEFAULT_DOWNSCALE_DELAY,
        Optional.empty(),
        DEFAULT_DOWNSCALE_HEADROOM,
        1,
        1);
  }

  /** Returns whether the model may be without any replica while nobody asks for it. */
  public boolean scalesToZero() {
    return minReplicas == 0;
  }

  /** Returns how many replicas there are at the start. */
  public int startReplicas() {
    return initialReplicas.orElse(minReplicas);
  }

  /** Returns the number of replicas within the bounds that is nearest. */
  public int clip(int replicas) {
    return Math.min(maxReplicas, Math.max(minReplicas, replicas));
  }

  /** Returns the backlog that one replica should have, in requests. */
  public double targetOngoing(int maxNumSequences) {
    return targetOngoingRequests.orElse(Math.max(1, DEFAULT_TARGET_SHARE * maxNumSequences));
  }

  /** Returns how long the last replica must be idle before it is stopped. */
  public Duration delayToZero() {
    return downscaleToZeroDelay.orElse(downscaleDelay);
  }

  private static void positive(String key, double value) {
    require(value > 0, key, value, "above 0");
  }

  private static void notNegative(String key, Duration value) {
    require(!value.isNegative(), key, value, "0s or longer");
  }

  private static void require(boolean holds, String key, Object value, String allowed) {
    ConfigRange.require(holds, "deployment-config.autoscaling-config." + key, value, allowed);
  }
}
