package io.phalanx.runtime.metrics;

import io.prometheus.metrics.model.registry.Collector;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.Exemplars;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricMetadata;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The latest {@link HistogramCounts} of one metric for each of its label values. */
final class ReportedHistogram implements Collector {
  private final Metric metric;
  private final MetricMetadata metadata;
  private final Map<List<String>, HistogramCounts> reported = new ConcurrentHashMap<>();

  private ReportedHistogram(Metric metric) {
    this.metric = metric;
    this.metadata = new MetricMetadata(metric.metricName(), metric.help());
  }

  static ReportedHistogram register(Metric metric, PrometheusRegistry registry) {
    ReportedHistogram histogram = new ReportedHistogram(metric);
    registry.register(histogram);
    return histogram;
  }

  /**
   * Takes the latest counts; those of other buckets, of none or of another version, are left out.
   */
  void show(HistogramCounts counts, List<String> labelValues) {
    if (counts.counts().size() == metric.kind().upperBounds().length + 1) {
      reported.put(labelValues, counts);
    }
  }

  void remove(List<String> labelValues) {
    reported.remove(labelValues);
  }

  /** Forgets all whose first label, the model, has this value. */
  void removeModel(String modelName) {
    reported.keySet().removeIf(values -> values.get(0).equals(modelName));
  }

  @Override
  public HistogramSnapshot collect() {
    return new HistogramSnapshot(
        metadata, reported.entrySet().stream().map(e -> point(e.getKey(), e.getValue())).toList());
  }

  private HistogramDataPointSnapshot point(List<String> labelValues, HistogramCounts counts) {
    double[] bounds = metric.kind().upperBounds();
    double[] all = Arrays.copyOf(bounds, bounds.length + 1);
    all[bounds.length] = Double.POSITIVE_INFINITY;
    long[] values = counts.counts().stream().mapToLong(Long::longValue).toArray();
    return new HistogramDataPointSnapshot(
        ClassicHistogramBuckets.of(all, values),
        counts.sum(),
        Labels.of(metric.labels(), labelValues),
        Exemplars.EMPTY,
        0);
  }
}
