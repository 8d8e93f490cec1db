package io.phalanx.llm.engine;

import io.phalanx.llm.engine.PrefillBudget.Limit;
import java.util.List;

/** Decides how much of a step prompts may take, by what steps have cost so far. */
/*
 * While streams run, prompts together may fill a step up to the configured latency; by default each
 * prompt may fill it up to STREAM_SLOWDOWN times what the streams alone take. One long prompt then
 * slows the streams down by no more than that, while many prompts at once, whose readers wait too,
 * take more. A step takes at most twice as many tokens as any before: what lies beyond is not known.
 *
 * Over d stages, n tokens in chunks of c take (n / c + d - 1) steps of (fixed + perToken * c): least
 * for c = sqrt(n * fixed / perToken / (d - 1)). Below the chunk that takes as long as what a step
 * costs in any case, cutting further only adds steps.
 */
final class PrefillPolicy {
  /** How much slower a prompt may make streams; the goal is 2. */
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
      SchedulerOutput decodes, List<Sequence> running, Iterable<Sequence> waiting) {
    int tokens = settings.maxNumBatchedTokens() - decodes.numTokens();
    if (!settings.enableChunkedPrefill()) {
      return new PrefillBudget(costs, Limit.WHOLE_PROMPTS, tokens, 0);
    }
    if (settings.maxBatchesInFlight() > 1) {
      tokens = Math.min(tokens, pipelineChunk(promptTokens(running, waiting)));
    }
    double alone = secondsOfStreams(running);
    if (alone == 0) {
      return new PrefillBudget(costs, Limit.TOKENS, tokens, 0);
    }
    int known = Math.max(1, GROWTH * costs.mostTokens() - decodes.numTokens());
    double used = costs.seconds(decodes.numTokens(), decodes.attention());
    boolean fixed = settings.stepLatency().isPresent();
    return new PrefillBudget(
        costs,
        fixed ? Limit.SECONDS_TOGETHER : Limit.SECONDS_EACH,
        Math.min(tokens, known),
        (fixed ? stepLatency() : STREAM_SLOWDOWN * alone) - used);
  }

  private double stepLatency() {
    return settings.stepLatency().orElseThrow().toNanos() / NANOS_PER_SECOND;
  }

  /** Returns what a step with its share of the streams takes; 0 if there are none, or not known. */
  private double secondsOfStreams(List<Sequence> running) {
    int streams = 0;
    double attention = 0;
    for (Sequence sequence : running) {
      if (sequence.isRunning() && sequence.isStreaming()) {
        streams++;
        attention += sequence.numTokens();
      }
    }
    double share = 1.0 / settings.maxBatchesInFlight();
    return streams == 0 ? 0 : costs.seconds(Math.ceil(streams * share), attention * share);
  }

  private int pipelineChunk(long promptTokens) {
    double known = costs.fixedTokens();
    double fixed = known == 0 ? USUAL_FIXED_TOKENS : known;
    double best = Math.sqrt(promptTokens * fixed / (settings.maxBatchesInFlight() - 1));
    return (int) Math.max(1, Math.min(Integer.MAX_VALUE, Math.max(fixed, best)));
  }

  private static long promptTokens(List<Sequence> running, Iterable<Sequence> waiting) {
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
