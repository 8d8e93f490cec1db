package io.phalanx.llm.engine;

import java.util.Collection;
import java.util.List;

/** Decides how much of a step prompts may take, by what steps have cost so far. */
/*
 * While streams run, a step may take the configured latency or, by default, STREAM_SLOWDOWN times
 * what the streams alone take: their tokens then come at worst that much slower, and prompts get the
 * rest of the time. What has not been tried is tried in steps of at most twice the largest so far.
 *
 * Over d stages, n tokens in chunks of c take (n / c + d - 1) steps of (fixed + perToken * c): least
 * for c = sqrt(n * fixed / perToken / (d - 1)). Below the chunk that takes as long as what a step
 * costs in any case, cutting further only adds steps.
 */
final class PrefillPolicy {
  /** How much slower streams may become for the sake of prompts; the goal is 2. */
  private static final double STREAM_SLOWDOWN = 1.8;

  private static final int GROWTH = 2;

  /** What {@link StepCostModel#fixedTokens} is taken for before it is known. */
  private static final double USUAL_FIXED_TOKENS = 8;

  private static final double NANOS_PER_SECOND = 1e9;

  private final EngineSettings settings;
  private final StepCostModel costs;

  PrefillPolicy(EngineSettings settings, StepCostModel costs) {
    this.settings = settings;
    this.costs = costs;
  }

  /**
   * Returns the budget of a step.
   *
   * @param decodes what the step computes for streams
   */
  PrefillBudget budget(
      SchedulerOutput decodes, List<Sequence> running, Collection<Sequence> waiting) {
    int tokens = settings.maxNumBatchedTokens() - decodes.numTokens();
    if (!settings.enableChunkedPrefill()) {
      return PrefillBudget.whole(costs, tokens);
    }
    int stages = settings.maxBatchesInFlight();
    if (stages > 1) {
      tokens = Math.min(tokens, pipelineChunk(promptTokens(running, waiting), stages));
    }
    double latency = latency(running);
    if (latency == Double.POSITIVE_INFINITY) {
      return PrefillBudget.chunks(costs, tokens, latency);
    }
    int known = Math.max(1, GROWTH * costs.mostTokens() - decodes.numTokens());
    double used = costs.seconds(decodes.numTokens(), decodes.attention());
    return PrefillBudget.chunks(costs, Math.min(tokens, known), latency - used);
  }

  /**
   * Returns the seconds that a step may take; infinite if nobody waits for it, or none is known.
   */
  private double latency(List<Sequence> running) {
    int streams = 0;
    double attention = 0;
    for (Sequence sequence : running) {
      if (sequence.isRunning() && sequence.isStreaming()) {
        streams++;
        attention += sequence.numTokens();
      }
    }
    if (streams == 0 || costs.isEmpty()) {
      return Double.POSITIVE_INFINITY;
    }
    double share = 1.0 / settings.maxBatchesInFlight();
    double alone = costs.seconds(Math.ceil(streams * share), attention * share);
    return settings
        .stepLatency()
        .map(latency -> latency.toNanos() / NANOS_PER_SECOND)
        .orElse(STREAM_SLOWDOWN * alone);
  }

  private int pipelineChunk(long promptTokens, int stages) {
    double known = costs.fixedTokens();
    double fixed = known == 0 ? USUAL_FIXED_TOKENS : known;
    double chunk = Math.max(fixed, Math.sqrt(promptTokens * fixed / (stages - 1)));
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, chunk));
  }

  private static long promptTokens(List<Sequence> running, Collection<Sequence> waiting) {
    long tokens = 0;
    for (Sequence sequence : running) {
      tokens += sequence.isStreaming() ? 0 : sequence.numUnscheduledTokens();
    }
    for (Sequence sequence : waiting) {
      tokens += sequence.isFinished() ? 0 : sequence.numUnscheduledTokens();
    }
    return tokens;
  }
}
