package io.phalanx.llm.serving;

import io.phalanx.llm.AutoscalingConfig;

/** Ray Serve's number of replicas for a load, without bounds, delays and headroom. */
final class ScalingFormula {
  /** What sums of time-weighted backlogs may be off by without a replica more. */
  private static final double ROUNDING = 1e-9;

  private ScalingFormula() {}

  /**
   * Returns the number for replicas that are there or start.
   *
   * <pre>
   * delta  = load - current
   * scaled = ceil(current + factor * delta)      the up- or the downscaling factor, by delta's sign
   * if ceil(load) is below current and scaled is current: one less
   * </pre>
   *
   * @param current replicas, at least 1
   * @param load total backlog / target of one replica
   */
  static int desired(AutoscalingConfig config, int current, double load) {
    double delta = load - current;
    double factor = delta > 0 ? config.upscalingFactor() : config.downscalingFactor();
    int scaled = ceil(current + factor * delta);
    boolean stuck = ceil(load) < current && scaled == current;
    return stuck ? scaled - 1 : scaled;
  }

  /** Returns the number while no replica is ready: requests that wait start some at once. */
  static int coldStart(AutoscalingConfig config, int target, int requests) {
    return requests > 0 ? Math.max(ceil(config.upscalingFactor()), target) : target;
  }

  /** Returns the fewest replicas that keep a share of their target free at this load. */
  static int withHeadroom(double load, double headroom) {
    return ceil(load / (1 - headroom));
  }

  private static int ceil(double value) {
    return (int) Math.ceil(value - ROUNDING);
  }
}
