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
import java.util.Map;

/**
 * The counters, gauges and histograms of this JVM, one for each {@link Metric} and label values,
 * and their Prometheus text. All methods may be called from any thread.
 */
public final class Metrics {
  /** Content type of {@link #exposition}. */
  public static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private static final double[] SECONDS = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 20, 40, 80,
    160, 640
  };
  private static final int LARGEST_TOKENS_EXPONENT = 18;

  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Map<Metric, StatefulMetric<?, ?>> metrics = new EnumMap<>(Metric.class);

  /** Creates the metrics, all without values. */
  public Metrics() {
    for (Metric metric : Metric.values()) {
      metrics.put(metric, register(metric));
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

  /** Forgets all values of one replica, which has stopped. */
  public void removeReplica(String modelName, String replica) {
    metrics.forEach(
        (metric, values) -> {
          if (metric.labels().contains("replica")) {
            values.remove(modelName, replica);
          }
        });
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

  private StatefulMetric<?, ?> register(Metric metric) {
    return switch (metric.kind()) {
      case GAUGE ->
          Gauge.builder()
              .name(metric.metricName())
              .help(metric.help())
              .labelNames(metric.labels().toArray(String[]::new))
              .register(registry);
      case COUNTER ->
          Counter.builder()
              .name(metric.metricName())
              .help(metric.help())
              .labelNames(metric.labels().toArray(String[]::new))
              .register(registry);
      case SECONDS_HISTOGRAM -> histogram(metric, SECONDS);
      case TOKENS_HISTOGRAM -> histogram(metric, powersOfTwo());
    };
  }

  private Histogram histogram(Metric metric, double[] upperBounds) {
    return Histogram.builder()
        .name(metric.metricName())
        .help(metric.help())
        .labelNames(metric.labels().toArray(String[]::new))
        .classicOnly()
        .classicUpperBounds(upperBounds)
        .register(registry);
  }

  private static double[] powersOfTwo() {
    double[] bounds = new double[LARGEST_TOKENS_EXPONENT];
    for (int i = 0; i < bounds.length; i++) {
      bounds[i] = Math.scalb(1.0, i);
    }
    return bounds;
  }
}
