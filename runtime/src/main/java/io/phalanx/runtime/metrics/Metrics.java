package io.phalanx.runtime.metrics;

import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.datapoints.GaugeDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.StatefulMetric;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.DataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The counters, gauges and histograms of this JVM, one for each {@link Metric} and label values,
 * and their Prometheus text. All methods may be called from any thread.
 */
public final class Metrics {
  /** Content type of {@link #exposition}. */
  public static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Map<Metric, StatefulMetric<?, ?>> metrics = new EnumMap<>(Metric.class);
  private final Map<Metric, ReportedHistogram> reported = new EnumMap<>(Metric.class);

  /** Creates the metrics, all without values. */
  public Metrics() {
    for (Metric metric : Metric.values()) {
      register(metric);
    }
  }

  /**
   * Returns the counter of {@code metric} for these label values.
   *
   * @throws IllegalArgumentException if the metric is of another kind or has other labels
   */
  public CounterDataPoint counter(Metric metric, String... labelValues) {
    return of(metric, Counter.class).labelValues(labelValues);
  }

  /**
   * Returns the gauge of {@code metric} for these label values.
   *
   * @throws IllegalArgumentException if the metric is of another kind or has other labels
   */
  public GaugeDataPoint gauge(Metric metric, String... labelValues) {
    return of(metric, Gauge.class).labelValues(labelValues);
  }

  /**
   * Returns the histogram of {@code metric} for these label values.
   *
   * @throws IllegalArgumentException if the metric is of another kind or has other labels
   */
  public DistributionDataPoint histogram(Metric metric, String... labelValues) {
    return of(metric, Histogram.class).labelValues(labelValues);
  }

  /**
   * Shows what a replica has counted in the reported histogram {@code metric}, instead of what it
   * reported before.
   *
   * @throws IllegalArgumentException if the metric is of another kind
   */
  public void show(Metric metric, HistogramCounts counts, String... labelValues) {
    ReportedHistogram histogram = reported.get(metric);
    if (histogram == null) {
      throw new IllegalArgumentException(
          "metric [" + metric + "] is a [" + metric.kind() + "], not a reported histogram");
    }
    histogram.show(counts, List.of(labelValues));
  }

  /** Forgets all values of one replica, which has stopped. */
  public void removeReplica(String modelName, String replica) {
    metrics.forEach(
        (metric, values) -> {
          if (metric.labels().contains("replica")) {
            values.remove(modelName, replica);
          }
        });
    reported.values().forEach(histogram -> histogram.remove(List.of(modelName, replica)));
  }

  /** Forgets all values of one model, which is deployed no longer. */
  public void removeModel(String modelName) {
    metrics.forEach(
        (metric, values) -> {
          for (DataPointSnapshot point : values.collect().getDataPoints()) {
            Labels labels = point.getLabels();
            if (modelName.equals(labels.get(Metric.MODEL_NAME))) {
              values.remove(metric.labels().stream().map(labels::get).toArray(String[]::new));
            }
          }
        });
    reported.values().forEach(histogram -> histogram.removeModel(modelName));
  }

  /** Returns all values in Prometheus's text format. */
  public String exposition() {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.create().write(text, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  private <T extends StatefulMetric<?, ?>> T of(Metric metric, Class<T> type) {
    StatefulMetric<?, ?> found = metrics.get(metric);
    if (!type.isInstance(found)) {
      throw new IllegalArgumentException(
          "metric [" + metric + "] is a [" + metric.kind() + "], not a " + type.getSimpleName());
    }
    return type.cast(found);
  }

  private void register(Metric metric) {
    String[] labels = metric.labels().toArray(String[]::new);
    switch (metric.kind()) {
      case GAUGE -> metrics.put(metric, newGauge(metric, labels));
      case COUNTER -> metrics.put(metric, newCounter(metric, labels));
      case SECONDS_HISTOGRAM, TOKENS_HISTOGRAM -> metrics.put(metric, newHistogram(metric, labels));
      case REPORTED_SECONDS_HISTOGRAM, REPORTED_TOKENS_HISTOGRAM ->
          reported.put(metric, ReportedHistogram.register(metric, registry));
    }
  }

  private Gauge newGauge(Metric metric, String[] labels) {
    return Gauge.builder()
        .name(metric.metricName())
        .help(metric.help())
        .labelNames(labels)
        .register(registry);
  }

  private Counter newCounter(Metric metric, String[] labels) {
    return Counter.builder()
        .name(metric.metricName())
        .help(metric.help())
        .labelNames(labels)
        .register(registry);
  }

  private Histogram newHistogram(Metric metric, String[] labels) {
    return Histogram.builder()
        .name(metric.metricName())
        .help(metric.help())
        .labelNames(labels)
        .classicOnly()
        .classicUpperBounds(metric.kind().upperBounds())
        .register(registry);
  }
}
