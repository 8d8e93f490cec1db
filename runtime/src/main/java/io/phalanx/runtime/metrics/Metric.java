package io.phalanx.runtime.metrics;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Every metric of Phalanx: its kind, name, labels and help, in this one place. After the prefix
 * {@value #PREFIX} the names are vLLM's where vLLM has the metric, so that its dashboards need only
 * another prefix. Times are in seconds.
 */
public enum Metric {
  NUM_REQUESTS_RUNNING(Kind.GAUGE, "num_requests_running", Labels.REPLICA, "Sequences computed."),
  NUM_REQUESTS_WAITING(
      Kind.GAUGE, "num_requests_waiting", Labels.REPLICA, "Sequences that wait to be computed."),
  KV_CACHE_USAGE(
      Kind.GAUGE, "kv_cache_usage_perc", Labels.REPLICA, "Share of the KV blocks in use, 0 to 1."),
  NUM_PREEMPTIONS(
      Kind.COUNTER,
      "num_preemptions_total",
      Labels.REPLICA,
      "Sequences that lost their KV blocks."),
  PROMPT_TOKENS(Kind.COUNTER, "prompt_tokens_total", Labels.REPLICA, "Prompt tokens computed."),
  GENERATION_TOKENS(Kind.COUNTER, "generation_tokens_total", Labels.REPLICA, "Tokens generated."),
  PREFIX_CACHE_QUERIES(
      Kind.COUNTER,
      "prefix_cache_queries_total",
      Labels.REPLICA,
      "Prompt tokens looked up in the prefix cache."),
  PREFIX_CACHE_HITS(
      Kind.COUNTER,
      "prefix_cache_hits_total",
      Labels.REPLICA,
      "Prompt tokens found in the prefix cache."),
  ITERATION_TOKENS(
      Kind.REPORTED_TOKENS_HISTOGRAM,
      "iteration_tokens_total",
      Labels.REPLICA,
      "Tokens computed in one engine step."),
  REQUEST_SUCCESS(
      Kind.COUNTER, "request_success_total", Labels.FINISHED, "Requests ended, by their reason."),
  REQUEST_PROMPT_TOKENS(
      Kind.TOKENS_HISTOGRAM, "request_prompt_tokens", Labels.MODEL, "Prompt tokens of a request."),
  REQUEST_GENERATION_TOKENS(
      Kind.TOKENS_HISTOGRAM,
      "request_generation_tokens",
      Labels.MODEL,
      "Tokens generated for a request."),
  TIME_TO_FIRST_TOKEN(
      Kind.SECONDS_HISTOGRAM,
      "time_to_first_token_seconds",
      Labels.MODEL,
      "From a request's arrival to its first token."),
  TIME_TO_FIRST_EVENT(
      Kind.SECONDS_HISTOGRAM,
      "time_to_first_event_seconds",
      Labels.MODEL,
      "From a streamed request's parsed header to its first token's way into the socket."),
  INTER_TOKEN_LATENCY(
      Kind.SECONDS_HISTOGRAM,
      "inter_token_latency_seconds",
      Labels.MODEL,
      "From one token of a request to its next."),
  E2E_REQUEST_LATENCY(
      Kind.SECONDS_HISTOGRAM,
      "e2e_request_latency_seconds",
      Labels.MODEL,
      "From a request's arrival to its last token."),
  REQUEST_QUEUE_TIME(
      Kind.REPORTED_SECONDS_HISTOGRAM,
      "request_queue_time_seconds",
      Labels.REPLICA,
      "From a sequence's arrival at its replica until it is first computed."),
  HTTP_REQUESTS(
      Kind.COUNTER, "http_requests_total", Labels.HTTP, "HTTP requests answered, by status.");

  /** What all names begin with. */
  public static final String PREFIX = "phalanx:";

  /** What a metric measures. */
  public enum Kind {
    /** A value that goes up and down. */
    GAUGE,
    /** A sum that only grows. */
    COUNTER,
    /** A distribution of seconds. */
    SECONDS_HISTOGRAM,
    /** A distribution of numbers of tokens. */
    TOKENS_HISTOGRAM,
    /** A distribution of seconds that each replica counts and reports. */
    REPORTED_SECONDS_HISTOGRAM,
    /** A distribution of numbers of tokens that each replica counts and reports. */
    REPORTED_TOKENS_HISTOGRAM;

    private static final int LARGEST_TOKENS_EXPONENT = 18;

    /** Returns the finite upper bounds of a histogram's buckets, ascending. */
    double[] upperBounds() {
      return switch (this) {
        case GAUGE, COUNTER -> throw new IllegalArgumentException(this + " has no buckets");
        case SECONDS_HISTOGRAM, REPORTED_SECONDS_HISTOGRAM ->
            new double[] {
              0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10,
              20, 40, 80, 160, 640
            };
        case TOKENS_HISTOGRAM, REPORTED_TOKENS_HISTOGRAM ->
            IntStream.range(0, LARGEST_TOKENS_EXPONENT)
                .mapToDouble(exponent -> Math.scalb(1.0, exponent))
                .toArray();
      };
    }
  }

  /** The label that names the model. */
  static final String MODEL_NAME = "model_name";

  private static final class Labels {
    static final List<String> MODEL = List.of(MODEL_NAME);
    static final List<String> REPLICA = List.of(MODEL_NAME, "replica");
    static final List<String> FINISHED = List.of(MODEL_NAME, "finished_reason");
    static final List<String> HTTP = List.of("method", "handler", "status");
  }

  private final Kind kind;
  private final String suffix;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> labels;

  private final String help;

  Metric(Kind kind, String suffix, List<String> labels, String help) {
    this.kind = kind;
    this.suffix = suffix;
    this.labels = labels;
    this.help = help;
  }

  /** Returns what the metric measures. */
  public Kind kind() {
    return kind;
  }

  /** Returns the full name, such as {@code phalanx:num_requests_running}. */
  public String metricName() {
    return PREFIX + suffix;
  }

  /** Returns the names of the labels, in the order in which {@link Metrics} takes their values. */
  public List<String> labels() {
    return labels;
  }

  /** Returns the line that explains the metric in the exposition. */
  public String help() {
    return help;
  }
}
