package io.phalanx.http;

import io.phalanx.http.model.Usage;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.jspecify.annotations.Nullable;

/** How far the choices of one request have come; belongs to one stream. */
final class Answer {
  private final long promptTokens;
  private final int choicesPerPrompt;
  private final int[] tokens;
  private final int[] cachedTokens;
  private final @Nullable FinishReason[] finishReasons;

  Answer(GenerationPlan plan) {
    this.promptTokens = plan.promptTokens();
    this.choicesPerPrompt = plan.options().choices();
    this.tokens = new int[plan.requests().size()];
    this.cachedTokens = new int[tokens.length];
    this.finishReasons = new FinishReason[tokens.length];
  }

  /** Takes note of an event; returns whether it is the first of its choice. */
  boolean add(ChoiceEvent choiceEvent) {
    int choice = choiceEvent.choice();
    boolean first = tokens[choice] == 0;
    tokens[choice] = choiceEvent.event().position() + 1;
    cachedTokens[choice] = choiceEvent.event().cachedTokens();
    finishReasons[choice] = choiceEvent.event().finishReason();
    return first;
  }

  /** Returns the tokens so far. */
  Usage usage() {
    long generated = 0;
    for (int count : tokens) {
      generated += count;
    }
    return new Usage(promptTokens, generated, cachedTokens());
  }

  /** Counts the first choice of each prompt, as each prompt counts once. */
  private long cachedTokens() {
    long cached = 0;
    for (int choice = 0; choice < cachedTokens.length; choice += choicesPerPrompt) {
      cached += cachedTokens[choice];
    }
    return cached;
  }

  /**
   * Returns why the choice ended.
   *
   * @throws ServingException {@code REPLICA_FAILED} if it has not
   */
  FinishReason finishReason(int choice) {
    FinishReason reason = finishReasons[choice];
    if (reason == null) {
      throw new ServingException(
          ErrorCode.REPLICA_FAILED, "The answer ended early; send the request again.");
    }
    return reason;
  }

  /** Checks that every choice has ended. */
  void requireFinished() {
    for (int choice = 0; choice < tokens.length; choice++) {
      finishReason(choice);
    }
  }
}
