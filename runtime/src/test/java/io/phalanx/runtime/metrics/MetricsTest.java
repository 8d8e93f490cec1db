package io.phalanx.runtime.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The names, kinds and text of {@link Metrics}. */
final class MetricsTest {
  private final Metrics metrics = new Metrics();
  private final HistogramCounts queueTime =
      new HistogramRecorder(Metric.REQUEST_QUEUE_TIME).counts();

  @Test
  void exposition_ofEachKind_hasVllmsNamesWithOurPrefix() {
    metrics.gauge(Metric.NUM_REQUESTS_RUNNING, "llama", "0").set(3);
    metrics.counter(Metric.PROMPT_TOKENS, "llama", "0").inc(17);
    metrics.histogram(Metric.TIME_TO_FIRST_TOKEN, "llama").observe(0.3);

    assertThat(metrics.exposition())
        .contains("phalanx:num_requests_running{model_name=\"llama\",replica=\"0\"} 3.0")
        .contains("# TYPE phalanx:prompt_tokens_total counter")
        .contains("phalanx:prompt_tokens_total{model_name=\"llama\",replica=\"0\"} 17.0")
        .contains("phalanx:time_to_first_token_seconds_bucket{model_name=\"llama\",le=\"0.5\"} 1")
        .contains("phalanx:time_to_first_token_seconds_count{model_name=\"llama\"} 1");
  }

  @Test
  void everyMetric_canBeUsedAsItsKind() {
    for (Metric metric : Metric.values()) {
      String[] values = metric.labels().toArray(String[]::new);
      switch (metric.kind()) {
        case GAUGE -> metrics.gauge(metric, values).set(1);
        case COUNTER -> metrics.counter(metric, values).inc();
        case SECONDS_HISTOGRAM, TOKENS_HISTOGRAM -> metrics.histogram(metric, values).observe(1);
        case REPORTED_SECONDS_HISTOGRAM, REPORTED_TOKENS_HISTOGRAM ->
            metrics.show(metric, new HistogramRecorder(metric).counts(), values);
      }
      assertThat(metrics.exposition()).contains(metric.metricName());
    }
  }

  @Test
  void show_aReplicasHistogram_hasItsBucketsCountAndSum() {
    HistogramRecorder replica = new HistogramRecorder(Metric.ITERATION_TOKENS);
    replica.observe(1);
    replica.observe(16);
    replica.observe(17);
    metrics.show(Metric.ITERATION_TOKENS, replica.counts(), "llama", "0");
    replica.observe(1e9);
    metrics.show(Metric.ITERATION_TOKENS, replica.counts(), "llama", "0");

    assertThat(metrics.exposition())
        .contains("# TYPE phalanx:iteration_tokens_total histogram")
        .contains(bucket("1.0", 1), bucket("8.0", 1), bucket("16.0", 2), bucket("32.0", 3))
        .contains(bucket("131072.0", 3), bucket("+Inf", 4))
        .contains("phalanx:iteration_tokens_total_count{model_name=\"llama\",replica=\"0\"} 4")
        .contains(
            "phalanx:iteration_tokens_total_sum{model_name=\"llama\",replica=\"0\"} 1.000000034E9");
  }

  private static String bucket(String upperBound, int count) {
    return "phalanx:iteration_tokens_total_bucket{model_name=\"llama\",replica=\"0\",le=\""
        + upperBound
        + "\"} "
        + count
        + "\n";
  }

  @Test
  void show_aMetricThatIsObservedHere_isRefused() {
    assertThatThrownBy(
            () -> metrics.show(Metric.TIME_TO_FIRST_TOKEN, HistogramCounts.NONE, "llama"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("TIME_TO_FIRST_TOKEN");
  }

  @Test
  void removeReplica_forgetsItsValuesAlone() {
    metrics.gauge(Metric.KV_CACHE_USAGE, "llama", "0").set(0.5);
    metrics.gauge(Metric.KV_CACHE_USAGE, "llama", "1").set(0.25);
    metrics.show(Metric.REQUEST_QUEUE_TIME, queueTime, "llama", "0");
    metrics.show(Metric.REQUEST_QUEUE_TIME, queueTime, "llama", "1");

    metrics.removeReplica("llama", "0");

    assertThat(metrics.exposition())
        .doesNotContain("replica=\"0\"")
        .contains("replica=\"1\"} 0.25")
        .contains("phalanx:request_queue_time_seconds_count{model_name=\"llama\",replica=\"1\"} 0");
  }

  @Test
  void removeModel_forgetsItsValuesAlone() {
    metrics.gauge(Metric.KV_CACHE_USAGE, "llama", "0").set(0.5);
    metrics.histogram(Metric.TIME_TO_FIRST_TOKEN, "llama").observe(1);
    metrics.counter(Metric.REQUEST_SUCCESS, "llama", "stop").inc();
    metrics.counter(Metric.REQUEST_SUCCESS, "qwen", "stop").inc();
    metrics.counter(Metric.HTTP_REQUESTS, "GET", "health", "200").inc();
    metrics.show(Metric.REQUEST_QUEUE_TIME, queueTime, "llama", "0");

    metrics.removeModel("llama");

    assertThat(metrics.exposition())
        .doesNotContain("llama")
        .contains("model_name=\"qwen\"", "handler=\"health\"");
  }

  @Test
  void counter_ofAGauge_isRefused() {
    assertThatThrownBy(() -> metrics.counter(Metric.KV_CACHE_USAGE, "llama", "0"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("KV_CACHE_USAGE");
  }
}
