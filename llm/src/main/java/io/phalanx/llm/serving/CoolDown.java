package io.phalanx.llm.serving;

/**
 * How patient downscaling is: a downscale that had to be undone soon makes the next one wait twice
 * as long, up to {@value #MOST} times the configured delay, so that a load which one replica less
 * cannot carry does not swing for ever.
 */
final class CoolDown {
  private static final int MOST = 8;

  private int factor = 1;
  private boolean hasDownscaled;
  private long downscaledNanos;

  /** Returns the delay of a downscale that is configured to have {@code delayNanos}. */
  long delayNanos(long delayNanos) {
    return factor * delayNanos;
  }

  void downscaled(long nowNanos) {
    hasDownscaled = true;
    downscaledNanos = nowNanos;
  }

  void upscaled(long nowNanos, long delayNanos) {
    boolean undone = hasDownscaled && nowNanos - downscaledNanos <= factor * delayNanos;
    factor = undone ? Math.min(MOST, 2 * factor) : 1;
    hasDownscaled = false;
  }
}
