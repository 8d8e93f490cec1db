package io.phalanx.runtime.metrics;

import java.util.Arrays;

/**
 * A histogram that is counted where there are no {@link Metrics} to show it: a replica counts, and
 * the ingresses show what it reports. Used by one thread at a time.
 */
public final class HistogramRecorder {
  private final double[] upperBounds;
  private final long[] counts;
  private double sum;

  /** Creates the histogram of {@code metric}, without values. */
  public HistogramRecorder(Metric metric) {
    this.upperBounds = metric.kind().upperBounds();
    this.counts = new long[upperBounds.length + 1];
  }

  /** Counts a value. */
  public void observe(double value) {
    int found = Arrays.binarySearch(upperBounds, value);
    counts[found < 0 ? -found - 1 : found]++;
    sum += value;
  }

  /** Returns what has been counted so far. */
  public HistogramCounts counts() {
    return new HistogramCounts(Arrays.stream(counts).boxed().toList(), sum);
  }
}
