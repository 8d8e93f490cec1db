package io.phalanx.http.cli;

import io.phalanx.llm.bench.BenchResult;
import io.phalanx.llm.bench.Workload;
import java.util.List;
import java.util.Locale;

/** What {@code phalanx bench} prints: a table for people, a line of progress while it runs. */
final class BenchReport {
  private static final int BAR_WIDTH = 24;

  private BenchReport() {}

  /** Returns the table's lines; rates are tokens per second, times milliseconds. */
  static List<String> head() {
    return List.of(
        row(
            "workload",
            "streams",
            "requests",
            "prompt",
            "output",
            "out tok/s",
            "one stream",
            "prefill",
            "TTFT p50",
            "ITL p50",
            "ITL p99"));
  }

  /** Returns the line of one result. */
  static String row(BenchResult result) {
    Workload workload = result.workload();
    return row(
        workload.name(),
        workload.streams(),
        workload.requests(),
        workload.promptTokens(),
        workload.outputTokens(),
        number(result.outputTokensPerSecond()),
        number(result.decodeTokensPerSecond()),
        number(result.promptTokensPerSecond()),
        number(result.firstTokenMillis().p50()),
        number(result.interTokenMillis().p50()),
        number(result.interTokenMillis().p99()));
  }

  /** Returns the progress of a workload as a bar that overwrites itself. */
  static String bar(Workload workload, int finished) {
    int filled = BAR_WIDTH * finished / workload.requests();
    return String.format(
        Locale.ROOT,
        "\r  %s, %d streams [%s%s] %d of %d",
        workload.name(),
        workload.streams(),
        "#".repeat(filled),
        " ".repeat(BAR_WIDTH - filled),
        finished,
        workload.requests());
  }

  private static String row(Object... cells) {
    return String.format(Locale.ROOT, "%-10s %7s %9s %7s %7s %11s %11s %12s %10s %9s %9s", cells);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }
}
