package io.phalanx.llm.models;

/**
 * Random numbers that are a function of their place: the same seed and position give the same
 * number, whatever was drawn before and whoever draws beside.
 *
 * @see <a href="https://doi.org/10.1145/2714064.2660195">Steele et al., SplitMix (2014)</a>
 */
final class CounterRandom {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
  private static final int DOUBLE_BITS = 53;

  private CounterRandom() {}

  /** Returns a number in [0, 1). */
  static double uniform(long seed, int position) {
    long bits = mix(mix(seed + GOLDEN_GAMMA) + GOLDEN_GAMMA * (position + 1L));
    return (bits >>> (Long.SIZE - DOUBLE_BITS)) * 0x1p-53;
  }

  private static long mix(long value) {
    long z = value;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
