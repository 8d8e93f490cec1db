package io.phalanx.llm.engine;

/**
 * How much of one step prompts may take: tokens, and, while streams run, seconds.
 *
 * <p>One token is always granted, so that a prompt moves on whatever its step costs.
 */
final class PrefillBudget {
  private final StepCostModel costs;
  private final boolean mayCut;
  private int tokens;
  private double seconds;
  private boolean taken;

  private PrefillBudget(StepCostModel costs, boolean mayCut, int tokens, double seconds) {
    this.costs = costs;
    this.mayCut = mayCut;
    this.tokens = tokens;
    this.seconds = seconds;
  }

  /** Returns a budget for whole prompts of together this many tokens. */
  static PrefillBudget whole(StepCostModel costs, int tokens) {
    return new PrefillBudget(costs, false, tokens, Double.POSITIVE_INFINITY);
  }

  /** Returns a budget for chunks of prompts. */
  static PrefillBudget chunks(StepCostModel costs, int tokens, double seconds) {
    return new PrefillBudget(costs, true, tokens, seconds);
  }

  /** Returns how many of {@code wanted} tokens behind {@code first} others the step may take. */
  int grant(int wanted, int first) {
    if (!mayCut) {
      return wanted <= tokens ? wanted : 0;
    }
    int least = taken ? 0 : 1;
    int affordable =
        seconds == Double.POSITIVE_INFINITY ? tokens : costs.tokensWithin(seconds, first);
    return Math.min(Math.min(wanted, tokens), Math.max(least, affordable));
  }

  /** Takes what was granted. */
  void take(int granted, int first) {
    taken = true;
    tokens -= granted;
    seconds -= costs.added(granted, StepCostModel.attention(first, granted));
  }
}
