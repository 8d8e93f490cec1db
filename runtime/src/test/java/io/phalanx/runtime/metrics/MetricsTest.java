package io.phalanx.runtime.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The names, kinds and text of {@link Metrics}. */
final class MetricsTest {
  private final Metrics metrics = new Metrics();

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
      }
      assertThat(metrics.exposition()).contains(metric.metricName());
    }
  }

  @Test
  void removeReplica_forgetsItsValuesAlone() {
    metrics.gauge(Metric.KV_CACHE_USAGE, "llama", "0").set(0.5);
    metrics.gauge(Metric.KV_CACHE_USAGE, "llama", "1").set(0.25);

    metrics.removeReplica("llama", "0");

    assertThat(metrics.exposition())
        .doesNotContain("replica=\"0\"")
        .contains("replica=\"1\"} 0.25");
  }

  @Test
  void removeModel_forgetsItsValuesAlone() {
    metrics.gauge(Metric.KV_CACHE_USAGE, "llama", "0").set(0.5);
    metrics.histogram(Metric.TIME_TO_FIRST_TOKEN, "llama").observe(1);
    metrics.counter(Metric.REQUEST_SUCCESS, "llama", "stop").inc();
    metrics.counter(Metric.REQUEST_SUCCESS, "qwen", "stop").inc();
    metrics.counter(Metric.HTTP_REQUESTS, "GET", "health", "200").inc();

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
