package io.phalanx.llm.serving;

/** Why a {@link ScalingDecision} applies what it applies. */
public enum ScalingReason {
  /** More replicas: the backlog was above the target for the upscale delay. */
  BACKLOG_ABOVE_TARGET("the backlog is above the target"),
  /** Fewer replicas: the backlog was below the target for the downscale delay. */
  BACKLOG_BELOW_TARGET("the backlog is below the target"),
  /** More replicas at once: requests wait and there is no replica. */
  COLD_START("requests wait and there is no replica"),
  /** The target lay outside of the bounds, which were changed. */
  OUTSIDE_BOUNDS("the target was outside of min-replicas .. max-replicas"),
  /** Somebody asked for this number. */
  ASKED_FOR("asked for"),
  /** Held: more are wanted, not yet for long enough. */
  UPSCALE_DELAY("upscale-delay has not passed"),
  /** Held: fewer are wanted, not yet for long enough. */
  DOWNSCALE_DELAY("downscale-delay has not passed"),
  /** Held: none is wanted, not yet for long enough. */
  DOWNSCALE_TO_ZERO_DELAY("downscale-to-zero-delay has not passed"),
  /** Held: fewer would do, but so closely that the next request might need them again. */
  DOWNSCALE_HEADROOM("fewer would leave less than downscale-headroom"),
  /** Held: more are wanted than there may be. */
  AT_MAX_REPLICAS("max-replicas is reached"),
  /** No replica can answer yet, so that nothing can be judged. */
  STARTING("no replica is ready yet"),
  /** There are as many as the backlog wants. */
  AS_WANTED("as many as wanted");

  private final String text;

  ScalingReason(String text) {
    this.text = text;
  }

  /** Returns the reason as a clause for people. */
  public String text() {
    return text;
  }
}
