package io.phalanx.runtime.metrics;

import java.util.List;

/**
 * What a histogram has counted since it began.
 *
 * @param counts values in each bucket, the last of which has no upper bound; not cumulated, and
 *     empty if there is no histogram
 * @param sum of all values
 */
public record HistogramCounts(List<Long> counts, double sum) {

  /** No histogram. */
  public static final HistogramCounts NONE = new HistogramCounts(List.of(), 0);

  /** Copies the list. */
  public HistogramCounts {
    counts = List.copyOf(counts);
  }
}
