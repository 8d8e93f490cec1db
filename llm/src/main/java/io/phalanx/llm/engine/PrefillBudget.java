package io.phalanx.llm.engine;

/**
 * How much of one step prompts may take: tokens of all prompts together, and seconds, either of all
 * together or of each.
 *
 * <p>One token is always granted, so that a prompt moves on whatever its step costs.
 */
final class PrefillBudget {
  private final StepCostModel costs;
  private final Limit limit;
  private int tokens;
  private double seconds;
  private boolean taken;

  /** What the seconds are for. */
  enum Limit {
    /** Nothing: prompts are computed whole. */
    WHOLE_PROMPTS,
    /** Nothing: prompts are cut where the tokens end. */
    TOKENS,
    /** Each prompt. */
    SECONDS_EACH,
    /** All prompts together. */
    SECONDS_TOGETHER
  }

  PrefillBudget(StepCostModel costs, Limit limit, int tokens, double seconds) {
    this.costs = costs;
    this.limit = limit;
    this.tokens = tokens;
    this.seconds = seconds;
  }

  /** Returns how many of {@code wanted} tokens behind {@code first} others the step may take. */
  int grant(int wanted, int first) {
    return switch (limit) {
      case WHOLE_PROMPTS -> wanted <= tokens ? wanted : 0;
      case TOKENS -> Math.min(wanted, tokens);
      case SECONDS_EACH -> affordable(wanted, first, 1);
      case SECONDS_TOGETHER -> affordable(wanted, first, taken ? 0 : 1);
    };
  }

  private int affordable(int wanted, int first, int least) {
    return Math.min(Math.min(wanted, tokens), Math.max(least, costs.tokensWithin(seconds, first)));
  }

  /** Takes what was granted. */
  void take(int granted, int first) {
    taken = true;
    tokens -= granted;
    if (limit == Limit.SECONDS_TOGETHER) {
      seconds -= costs.added(granted, StepCostModel.attention(first, granted));
    }
  }
}
