package io.phalanx.llm.engine;

import io.phalanx.runtime.error.ServingException;
import java.util.List;

/**
 * How the tokens of one sequence are drawn and when it ends; names and ranges are vLLM's.
 *
 * @param maxTokens most tokens to generate, at least 1
 * @param temperature 0 is greedy; at most 2
 * @param topK keep the k likeliest tokens; -1 (or 0) keeps all
 * @param topP keep the smallest set of likeliest tokens whose probability reaches this; (0, 1]
 * @param minP drop tokens less likely than this share of the likeliest; [0, 1]
 * @param seed seed of the draws; the same seed, prompt and parameters give the same tokens
 * @param stop strings that end the sequence; they are not part of the text
 * @param stopTokenIds token ids that end the sequence, besides the model's own end tokens
 * @param ignoreEos keep generating after the model's end-of-sequence tokens
 */
public record SamplingParams(
    int maxTokens,
    float temperature,
    int topK,
    float topP,
    float minP,
    long seed,
    List<String> stop,
    List<Integer> stopTokenIds,
    boolean ignoreEos) {

  /** The most stop strings of a request. */
  public static final int MAX_STOP_STRINGS = 8;

  /** Checks every range. */
  public SamplingParams {
    stop = List.copyOf(stop);
    stopTokenIds = List.copyOf(stopTokenIds);
    require(maxTokens >= 1, "max_tokens", maxTokens, "at least 1");
    require(temperature >= 0 && temperature <= 2, "temperature", temperature, "from 0 to 2");
    require(topK >= -1, "top_k", topK, "-1 (all) or at least 1");
    require(topP > 0 && topP <= 1, "top_p", topP, "above 0 and at most 1");
    require(minP >= 0 && minP <= 1, "min_p", minP, "from 0 to 1");
    require(stop.size() <= MAX_STOP_STRINGS, "stop", stop.size(), "at most 8 strings");
    require(stop.stream().noneMatch(String::isEmpty), "stop", "\"\"", "non-empty strings");
  }

  /** Returns greedy sampling of at most {@code maxTokens} tokens. */
  public static SamplingParams greedy(int maxTokens) {
    return new SamplingParams(maxTokens, 0, -1, 1, 0, 0, List.of(), List.of(), false);
  }

  /** Returns a copy that ignores the model's end-of-sequence tokens. */
  public SamplingParams withIgnoreEos() {
    return new SamplingParams(
        maxTokens, temperature, topK, topP, minP, seed, stop, stopTokenIds, true);
  }

  private static void require(boolean holds, String param, Object value, String allowed) {
    if (!holds) {
      throw ServingException.invalidParam(
          param, param + " is " + value + "; it must be " + allowed + ".");
    }
  }
}
