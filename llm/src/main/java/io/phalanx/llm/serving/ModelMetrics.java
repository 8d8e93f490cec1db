package io.phalanx.llm.serving;

import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.metrics.Metric;
import io.phalanx.runtime.metrics.Metrics;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Counts one model's requests on an ingress, and shows what its replicas report.
 *
 * <p>The series of requests are looked up once: what still runs when {@link Metrics#removeModel}
 * has forgotten them counts into nothing and does not bring them back.
 */
final class ModelMetrics {
  private static final double NANOS_PER_SECOND = 1e9;

  private final String modelId;
  private final Metrics metrics;
  private final DistributionDataPoint timeToFirstToken;
  private final DistributionDataPoint interTokenLatency;
  private final DistributionDataPoint timeToFirstEvent;
  private final DistributionDataPoint requestLatency;
  private final DistributionDataPoint promptTokens;
  private final DistributionDataPoint generationTokens;
  private final Map<FinishReason, CounterDataPoint> finished = new EnumMap<>(FinishReason.class);
  private final Map<ActorRef<Replica.Command>, Replica.BacklogReport> reports = new HashMap<>();

  ModelMetrics(String modelId, Metrics metrics) {
    this.modelId = modelId;
    this.metrics = metrics;
    this.timeToFirstToken = metrics.histogram(Metric.TIME_TO_FIRST_TOKEN, modelId);
    this.interTokenLatency = metrics.histogram(Metric.INTER_TOKEN_LATENCY, modelId);
    this.timeToFirstEvent = metrics.histogram(Metric.TIME_TO_FIRST_EVENT, modelId);
    this.requestLatency = metrics.histogram(Metric.E2E_REQUEST_LATENCY, modelId);
    this.promptTokens = metrics.histogram(Metric.REQUEST_PROMPT_TOKENS, modelId);
    this.generationTokens = metrics.histogram(Metric.REQUEST_GENERATION_TOKENS, modelId);
    for (FinishReason reason : FinishReason.values()) {
      finished.put(reason, metrics.counter(Metric.REQUEST_SUCCESS, modelId, reason.openAiName()));
    }
  }

  /** Shows a replica's state; the router's actor calls it. */
  void onReport(Replica.BacklogReport report) {
    Replica.BacklogReport previous = reports.put(report.replica(), report);
    EngineStats stats = report.stats();
    String replica = report.name();
    metrics.gauge(Metric.NUM_REQUESTS_RUNNING, modelId, replica).set(stats.running());
    metrics.gauge(Metric.NUM_REQUESTS_WAITING, modelId, replica).set(stats.waiting());
    metrics.gauge(Metric.KV_CACHE_USAGE, modelId, replica).set(stats.kvCacheUsage());
    EngineStats before = previous == null ? EngineStats.NONE : previous.stats();
    count(Metric.PROMPT_TOKENS, replica, stats.promptTokens() - before.promptTokens());
    count(Metric.GENERATION_TOKENS, replica, stats.generationTokens() - before.generationTokens());
    count(Metric.NUM_PREEMPTIONS, replica, stats.preemptions() - before.preemptions());
    count(
        Metric.PREFIX_CACHE_QUERIES,
        replica,
        stats.prefixCacheQueries() - before.prefixCacheQueries());
    count(Metric.PREFIX_CACHE_HITS, replica, stats.prefixCacheHits() - before.prefixCacheHits());
    metrics.show(Metric.ITERATION_TOKENS, stats.iterationTokens(), modelId, replica);
    metrics.show(Metric.REQUEST_QUEUE_TIME, stats.queueSeconds(), modelId, replica);
  }

  private void count(Metric metric, String replica, long difference) {
    metrics.counter(metric, modelId, replica).inc(Math.max(0, difference));
  }

  /** Forgets a replica that has ended; the router's actor calls it. */
  void onReplicaLost(ActorRef<Replica.Command> replica) {
    Replica.BacklogReport last = reports.remove(replica);
    if (last != null) {
      metrics.removeReplica(modelId, last.name());
    }
  }

  /** A streamed request's first token has gone to the client. */
  void onFirstEvent(Duration sinceArrival) {
    timeToFirstEvent.observe(sinceArrival.toNanos() / NANOS_PER_SECOND);
  }

  /** Begins to measure a request. */
  RequestMeter request(GenerationRequest request) {
    return new RequestMeter(request.promptTokenIds().length);
  }

  /** Measures one request; belongs to its router. */
  final class RequestMeter {
    private final long startNanos = System.nanoTime();
    private final int prompt;
    private long lastNanos = startNanos;

    private RequestMeter(int prompt) {
      this.prompt = prompt;
    }

    /** Takes the next token's event. */
    void onToken(TokenEvent event) {
      long now = System.nanoTime();
      DistributionDataPoint latency = event.position() == 0 ? timeToFirstToken : interTokenLatency;
      latency.observe((now - lastNanos) / NANOS_PER_SECOND);
      lastNanos = now;
      if (event.finishReason() != null) {
        onEnd(event.finishReason(), event.position() + 1, now);
      }
    }

    private void onEnd(FinishReason reason, int tokens, long now) {
      Objects.requireNonNull(finished.get(reason)).inc();
      promptTokens.observe(prompt);
      generationTokens.observe(tokens);
      requestLatency.observe((now - startNanos) / NANOS_PER_SECOND);
    }
  }
}
