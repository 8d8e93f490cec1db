package io.phalanx.llm.engine;

import io.phalanx.runtime.error.ServingException;

/**
 * One sequence to generate: the prompt's token ids and how to continue them.
 *
 * @param requestId unique among the requests of the cluster
 * @param promptTokenIds at least one token id; never changed after construction
 * @param sampling how to draw and when to stop
 * @param cacheSalt only requests with the same salt share cached prefixes; empty for none
 */
@SuppressWarnings("ArrayRecordComponent") // never changed; identity is the requestId
public record GenerationRequest(
    String requestId, int[] promptTokenIds, SamplingParams sampling, String cacheSalt) {

  /** Creates a request without a salt. */
  public GenerationRequest(String requestId, int[] promptTokenIds, SamplingParams sampling) {
    this(requestId, promptTokenIds, sampling, "");
  }

  /** Refuses an empty prompt. */
  public GenerationRequest {
    if (promptTokenIds.length == 0) {
      throw ServingException.invalidParam("prompt", "prompt is empty; it must have a token.");
    }
  }
}
