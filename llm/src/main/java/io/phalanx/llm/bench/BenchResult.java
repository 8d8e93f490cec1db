package io.phalanx.llm.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one {@link Workload} measured.
 *
 * @param workload what was asked
 * @param outputTokensPerSecond of all streams together, over the whole run
 * @param decodeTokensPerSecond of one stream, from its first token on; the mean of all requests
 * @param promptTokensPerSecond prompt length over the time to the first token; the mean
 * @param firstTokenMillis time to the first token
 * @param interTokenMillis gaps between the tokens of one stream; all 0 where there are none
 */
public record BenchResult(
    Workload workload,
    double outputTokensPerSecond,
    double decodeTokensPerSecond,
    double promptTokensPerSecond,
    Percentiles firstTokenMillis,
    Percentiles interTokenMillis) {

  /** The middle and the tail of a distribution, in milliseconds. */
  public record Percentiles(double p50, double p99) {

    static Percentiles ofNanos(long[] nanos) {
      long[] sorted = nanos.clone();
      Arrays.sort(sorted);
      return new Percentiles(at(sorted, 0.50), at(sorted, 0.99));
    }

    private static double at(long[] sorted, double share) {
      return sorted.length == 0 ? 0 : sorted[(int) Math.round(share * (sorted.length - 1))] / 1e6;
    }
  }

  static BenchResult of(Workload workload, List<RequestTimes> requests) {
    long start = requests.stream().mapToLong(RequestTimes::sentNanos).min().orElseThrow();
    long end = requests.stream().mapToLong(RequestTimes::endNanos).max().orElseThrow();
    long tokens = requests.stream().mapToLong(RequestTimes::outputTokens).sum();
    long[] firsts = requests.stream().mapToLong(RequestTimes::firstTokenNanos).toArray();
    long[] gaps =
        requests.stream().flatMapToLong(times -> Arrays.stream(times.gapNanos())).toArray();
    return new BenchResult(
        workload,
        tokens * 1e9 / (end - start),
        requests.stream().mapToDouble(RequestTimes::decodeTokensPerSecond).average().orElse(0),
        Arrays.stream(firsts)
            .mapToDouble(n -> workload.promptTokens() * 1e9 / n)
            .average()
            .orElse(0),
        Percentiles.ofNanos(firsts),
        Percentiles.ofNanos(gaps));
  }

  /** Returns the result as a JSON object's fields, in order. */
  public Map<String, Object> fields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("workload", workload.name());
    fields.put("streams", workload.streams());
    fields.put("requests", workload.requests());
    fields.put("prompt_tokens", workload.promptTokens());
    fields.put("output_tokens", workload.outputTokens());
    fields.put("output_tokens_per_second", outputTokensPerSecond);
    fields.put("decode_tokens_per_second", decodeTokensPerSecond);
    fields.put("prompt_tokens_per_second", promptTokensPerSecond);
    fields.put("ttft_ms_p50", firstTokenMillis.p50());
    fields.put("ttft_ms_p99", firstTokenMillis.p99());
    fields.put("itl_ms_p50", interTokenMillis.p50());
    fields.put("itl_ms_p99", interTokenMillis.p99());
    return fields;
  }
}
