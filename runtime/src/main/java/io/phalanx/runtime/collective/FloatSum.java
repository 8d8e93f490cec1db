package io.phalanx.runtime.collective;

/** Sums of float32 vectors, each element in the order in which the vectors are given. */
final class FloatSum {
  private float[] total = {};

  /** Starts with a vector of {@code count} elements. */
  void start(float[] first, int count) {
    if (total.length < count) {
      total = new float[count];
    }
    System.arraycopy(first, 0, total, 0, count);
  }

  /** Adds the first {@code count} elements of {@code addend}. */
  void add(float[] addend, int count) {
    float[] sum = total;
    for (int i = 0; i < count; i++) {
      sum[i] += addend[i];
    }
  }

  /** Returns the sum; overwritten by the next {@link #start}. */
  float[] total() {
    return total;
  }
}
