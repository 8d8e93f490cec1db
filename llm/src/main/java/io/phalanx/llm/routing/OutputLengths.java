package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;

/** How many tokens requests take, by their limits and by the answers so far. */
final class OutputLengths {
  /** Weight of the newest answer in the moving average. */
  private static final double SMOOTHING = 0.1;

  private double mean = Double.NaN;

  /** Takes the tokens of an answer that is whole. */
  void learn(int outputTokens) {
    mean = Double.isNaN(mean) ? outputTokens : mean + SMOOTHING * (outputTokens - mean);
  }

  /** Returns about how many tokens of prompt and answer a request takes. */
  long tokens(GenerationRequest request) {
    long most = request.sampling().maxTokens();
    long output = Double.isNaN(mean) ? most : Math.min(most, (long) mean + 1);
    return request.promptTokenIds().length + output;
  }
}
