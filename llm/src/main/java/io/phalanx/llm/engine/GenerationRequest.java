package io.phalanx.llm.engine;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;

/**
 * One sequence to generate: the prompt's token ids and how to continue them.
 *
 * @param requestId unique among the requests of the cluster
 * @param promptTokenIds at least one token id; never changed after construction
 * @param sampling how to draw and when to stop
 * @param cacheSalt only requests with the same salt share cached prefixes; empty for none
 * @param terms how it wants to be served
 */
@SuppressWarnings("ArrayRecordComponent") // never changed; identity is the requestId
public record GenerationRequest(
    String requestId,
    int[] promptTokenIds,
    SamplingParams sampling,
    String cacheSalt,
    RequestTerms terms) {

  /** Creates a request without a salt and with the usual terms. */
  public GenerationRequest(String requestId, int[] promptTokenIds, SamplingParams sampling) {
    this(requestId, promptTokenIds, sampling, "", RequestTerms.DEFAULT);
  }

  /** Refuses an empty prompt. */
  public GenerationRequest {
    if (promptTokenIds.length == 0) {
      throw ServingException.invalidParam("prompt", "prompt is empty; it must have a token.");
    }
  }

  /** Returns the same request with other terms. */
  public GenerationRequest withTerms(RequestTerms other) {
    return new GenerationRequest(requestId, promptTokenIds, sampling, cacheSalt, other);
  }

  /**
   * Checks the request against a model's limits.
   *
   * @throws ServingException {@code CONTEXT_LENGTH_EXCEEDED} if prompt and {@code maxTokens} exceed
   *     {@code maxModelLength}, {@code INVALID_REQUEST} if a token id is outside the vocabulary
   */
  public void checkFits(int maxModelLength, int vocabSize) {
    long total = (long) promptTokenIds.length + sampling.maxTokens();
    if (total > maxModelLength) {
      throw ServingException.forParam(
          ErrorCode.CONTEXT_LENGTH_EXCEEDED,
          promptTokenIds.length >= maxModelLength ? "prompt" : "max_tokens",
          String.format(
              "This model's maximum context length is %d tokens, but %d were requested (%d in the"
                  + " prompt, %d in max_tokens). Shorten the prompt or lower max_tokens.",
              maxModelLength, total, promptTokenIds.length, sampling.maxTokens()));
    }
    for (int tokenId : promptTokenIds) {
      if (tokenId < 0 || tokenId >= vocabSize) {
        throw ServingException.invalidParam(
            "prompt",
            "Token id " + tokenId + " is outside the vocabulary, 0 to " + (vocabSize - 1) + ".");
      }
    }
  }
}
