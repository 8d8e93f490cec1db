package io.phalanx.http;

import io.phalanx.http.model.Usage;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.jspecify.annotations.Nullable;

/** How far the choices of one request have come; belongs to one stream. */
final class Answer {
  private final long promptTokens;
  private final int[] tokens;
  private final @Nullable FinishReason[] finishReasons;

  Answer(GenerationPlan plan) {
    this.promptTokens = plan.promptTokens();
    this.tokens = new int[plan.requests().size()];
    this.finishReasons = new FinishReason[tokens.length];
  }

  /** Takes note of an event; returns whether it is the first of its choice. */
  boolean add(ChoiceEvent choiceEvent) {
    int choice = choiceEvent.choice();
    boolean first = tokens[choice] == 0;
    tokens[choice] = choiceEvent.event().position() + 1;
    finishReasons[choice] = choiceEvent.event().finishReason();
    return first;
  }

  /** Returns the tokens so far. */
  Usage usage() {
    long generated = 0;
    for (int count : tokens) {
      generated += count;
    }
    return new Usage(promptTokens, generated);
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
