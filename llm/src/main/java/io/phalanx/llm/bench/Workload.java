package io.phalanx.llm.bench;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;

/**
 * What a benchmark asks of a model: a closed loop of streams, each of which sends its next request
 * when its last one has ended.
 *
 * @param name what the report calls it
 * @param streams requests under way at a time
 * @param requests in all, at least {@code streams}
 * @param promptTokens of each request; all prompts differ, so that no cache helps
 * @param outputTokens of each request; the end-of-sequence token is ignored
 */
public record Workload(String name, int streams, int requests, int promptTokens, int outputTokens) {

  /** Checks the ranges. */
  public Workload {
    require(streams >= 1, "streams", streams, "at least 1");
    require(requests >= streams, "requests", requests, "at least streams, which is " + streams);
    require(promptTokens >= 1, "prompt-tokens", promptTokens, "at least 1");
    require(outputTokens >= 1, "output-tokens", outputTokens, "at least 1");
  }

  /** Returns a prompt computed alone, with a single token of output: the speed of prefill. */
  public static Workload prefill(int promptTokens, int requests) {
    return new Workload("prefill", 1, requests, promptTokens, 1);
  }

  /** Returns {@code streams} requests at once. */
  public static Workload generate(int streams, int requests, int promptTokens, int outputTokens) {
    return new Workload("generate", streams, requests, promptTokens, outputTokens);
  }

  /** Returns the most tokens of one of its sequences. */
  public int sequenceTokens() {
    return promptTokens + outputTokens;
  }

  private static void require(boolean holds, String name, int value, String allowed) {
    if (!holds) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, name + " is " + value + "; it must be " + allowed + ".");
    }
  }
}
