package io.phalanx.llm.routing;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * How many tokens a second one replica computes and generates when it has all it can do, measured
 * from what it reports.
 */
/*
 * A replica that has less to do than it could says nothing about how fast it is: such a report can
 * raise the rate, never lower it, and does not make it known.
 */
final class ServiceRate {
  /** Weight of the newest report in the moving average. */
  private static final double SMOOTHING = 0.3;

  private static final double NANOS_PER_SECOND = 1e9;

  /** Reports that follow each other sooner are taken together. */
  private static final long LEAST_NANOS = 100_000_000;

  private record Report(Backlog backlog, EngineStats stats, long nanos) {}

  private @Nullable Report last;
  private double tokensPerSecond = Double.NaN;

  /** Takes a report that came at {@code nanos}. */
  void report(Backlog backlog, EngineStats stats, long nanos) {
    Report report = new Report(backlog, stats, nanos);
    Report before = last;
    if (before == null) {
      last = report;
    } else if (nanos - before.nanos >= LEAST_NANOS) {
      learn(before, report);
      last = report;
    }
  }

  private void learn(Report from, Report to) {
    double rate = tokens(from, to) * NANOS_PER_SECOND / (to.nanos - from.nanos);
    boolean full = from.backlog.waitingRequests() > 0 && to.backlog.waitingRequests() > 0;
    if (Double.isNaN(tokensPerSecond)) {
      tokensPerSecond = full ? rate : Double.NaN;
    } else if (full || rate > tokensPerSecond) {
      tokensPerSecond += SMOOTHING * (rate - tokensPerSecond);
    }
  }

  /** Returns the tokens generated, and those of prompts computed, between two reports. */
  private static double tokens(Report from, Report to) {
    long accepted = to.stats.promptTokens() - from.stats.promptTokens();
    long cached = to.stats.prefixCacheHits() - from.stats.prefixCacheHits();
    long left = to.backlog.promptTokens() - from.backlog.promptTokens();
    long generated = to.stats.generationTokens() - from.stats.generationTokens();
    return generated + Math.max(0, accepted - cached - left);
  }

  /** Returns the rate; empty until the replica was seen with all it can do. */
  OptionalDouble tokensPerSecond() {
    return tokensPerSecond > 0 ? OptionalDouble.of(tokensPerSecond) : OptionalDouble.empty();
  }
}
