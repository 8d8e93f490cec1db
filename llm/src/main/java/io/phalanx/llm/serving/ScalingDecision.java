package io.phalanx.llm.serving;

import java.time.Duration;

/**
 * A decision about a deployment's number of replicas (under data parallelism: of gangs) and all
 * that led to it.
 *
 * @param input what was seen
 * @param averageRequests requests over all replicas, over the look-back period
 * @param averageTokens tokens to compute and to generate, likewise
 * @param load how many replicas that would keep busy to their target: the larger share of the two
 *     targets
 * @param desired what the formula wants
 * @param bounded the same within the bounds
 * @param applied the target from now on
 * @param delayLeft for how much longer {@code bounded} must be wanted; zero if nothing is delayed
 * @param reason why {@code applied} is what it is
 */
public record ScalingDecision(
    ScalingInput input,
    double averageRequests,
    double averageTokens,
    double load,
    int desired,
    int bounded,
    int applied,
    Duration delayLeft,
    ScalingReason reason) {

  /** Returns a decision that somebody else took. */
  public static ScalingDecision askedFor(ScalingInput input, int replicas) {
    return new ScalingDecision(
        input,
        input.requests(),
        input.backlog().tokens(),
        0,
        replicas,
        replicas,
        replicas,
        Duration.ZERO,
        ScalingReason.ASKED_FOR);
  }

  /** Returns whether it changed the target. */
  public boolean isChange() {
    return applied != input.target();
  }

  /** Returns whether the formula wants something else than what is applied. */
  public boolean isHeld() {
    return switch (reason) {
      case UPSCALE_DELAY,
          DOWNSCALE_DELAY,
          DOWNSCALE_TO_ZERO_DELAY,
          DOWNSCALE_HEADROOM,
          AT_MAX_REPLICAS ->
          true;
      default -> false;
    };
  }
}
