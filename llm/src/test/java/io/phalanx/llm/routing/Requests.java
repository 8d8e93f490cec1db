package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.llm.engine.SamplingParams;
import java.util.Arrays;

/** Requests for tests. */
final class Requests {
  private Requests() {}

  static GenerationRequest of(String id, int promptTokens, int outputTokens) {
    int[] prompt = new int[promptTokens];
    Arrays.fill(prompt, 1);
    return of(id, prompt, outputTokens);
  }

  static GenerationRequest of(String id, int[] prompt, int outputTokens) {
    return new GenerationRequest(id, prompt, SamplingParams.greedy(outputTokens).withIgnoreEos());
  }

  static GenerationRequest ofPriority(int priority) {
    return of("r", 4, 6).withTerms(RequestTerms.ofPriority(priority));
  }

  static GenerationRequest ofSession(String session) {
    return of("r", 4, 6).withTerms(RequestTerms.ofSession(session));
  }

  /** Returns a prompt of {@code shared} tokens of its family and {@code own} tokens of its own. */
  static int[] prompt(int family, int shared, int number, int own) {
    int[] prompt = new int[shared + own];
    for (int i = 0; i < prompt.length; i++) {
      int value = i < shared ? family * 7919 + i : (number + 1) * 104_729 + i;
      prompt[i] = Math.floorMod(value, SimulatedReplicas.VOCAB_SIZE);
    }
    return prompt;
  }
}
