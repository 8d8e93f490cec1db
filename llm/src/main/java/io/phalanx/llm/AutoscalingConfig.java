package io.phalanx.llm;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;

/**
 * How the number of a model's replicas follows its backlog; under data parallelism every count is
 * in gangs.
 *
 * @param minReplicas fewest replicas, at least 1
 * @param maxReplicas most replicas, from {@code minReplicas} to 10,000
 * @param initialReplicas replicas at the start; {@code minReplicas} if absent
 * @param targetOngoingRequests backlog that one replica should have; 0.75 x max-num-seqs if absent
 * @param lookBackPeriod over how long the backlog is averaged
 * @param upscaleDelay how long more replicas must be wanted before they are started
 * @param downscaleDelay how long fewer replicas must be wanted before some are stopped
 * @param upscalingFactor how strongly a missing share of replicas is answered, above 0
 * @param downscalingFactor how strongly a surplus share of replicas is answered, above 0
 */
public record AutoscalingConfig(
    int minReplicas,
    int maxReplicas,
    Optional<Integer> initialReplicas,
    Optional<Double> targetOngoingRequests,
    Duration lookBackPeriod,
    Duration upscaleDelay,
    Duration downscaleDelay,
    double upscalingFactor,
    double downscalingFactor) {

  /** The share of {@code max-num-seqs} that one replica's backlog should have by default. */
  public static final double DEFAULT_TARGET_SHARE = 0.75;

  private static final int MOST_REPLICAS = 10_000;
  private static final Duration DEFAULT_LOOK_BACK_PERIOD = Duration.ofSeconds(2);
  private static final Duration DEFAULT_UPSCALE_DELAY = Duration.ofSeconds(2);
  private static final Duration DEFAULT_DOWNSCALE_DELAY = Duration.ofSeconds(60);

  /** Checks the ranges and their order. */
  public AutoscalingConfig {
    require(minReplicas >= 1, "min-replicas", minReplicas, "at least 1");
    require(
        maxReplicas >= minReplicas,
        "max-replicas",
        maxReplicas,
        "at least min-replicas, which is " + minReplicas);
    require(maxReplicas <= MOST_REPLICAS, "max-replicas", maxReplicas, "at most " + MOST_REPLICAS);
    int initial = initialReplicas.orElse(minReplicas);
    require(
        initial >= minReplicas && initial <= maxReplicas,
        "initial-replicas",
        initial,
        "from min-replicas to max-replicas, " + minReplicas + " to " + maxReplicas);
    double target = targetOngoingRequests.orElse(1.0);
    require(target > 0, "target-ongoing-requests", target, "above 0");
    require(!lookBackPeriod.isNegative(), "look-back-period", lookBackPeriod, "0s or longer");
    require(!upscaleDelay.isNegative(), "upscale-delay", upscaleDelay, "0s or longer");
    require(!downscaleDelay.isNegative(), "downscale-delay", downscaleDelay, "0s or longer");
    require(upscalingFactor > 0, "upscaling-factor", upscalingFactor, "above 0");
    require(downscalingFactor > 0, "downscaling-factor", downscalingFactor, "above 0");
  }

  /** Returns autoscaling between two counts with the defaults of everything else. */
  public static AutoscalingConfig between(int minReplicas, int maxReplicas) {
    return new AutoscalingConfig(
        minReplicas,
        maxReplicas,
        Optional.empty(),
        Optional.empty(),
        DEFAULT_LOOK_BACK_PERIOD,
        DEFAULT_UPSCALE_DELAY,
        DEFAULT_DOWNSCALE_DELAY,
        1,
        1);
  }

  /** Returns how many replicas there are at the start. */
  public int startReplicas() {
    return initialReplicas.orElse(minReplicas);
  }

  /** Returns the backlog that one replica should have, in requests. */
  public double targetOngoing(int maxNumSequences) {
    return targetOngoingRequests.orElse(Math.max(1, DEFAULT_TARGET_SHARE * maxNumSequences));
  }

  private static void require(boolean holds, String key, Object value, String allowed) {
    if (!holds) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "deployment-config.autoscaling-config."
              + key
              + " is "
              + value
              + "; it must be "
              + allowed
              + ".");
    }
  }
}
