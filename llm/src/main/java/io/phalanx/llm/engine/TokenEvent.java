package io.phalanx.llm.engine;

import org.jspecify.annotations.Nullable;

/**
 * One generated token of one sequence, in order.
 *
 * @param requestId whose token it is
 * @param position index among the sequence's generated tokens, from 0; a jump means a loss
 * @param tokenId the token
 * @param text what this token adds to the text; empty while a character or a possible stop string
 *     is unfinished
 * @param finishReason set on the last event of the sequence only
 * @param cachedTokens tokens of the prompt that were found in the prefix cache
 */
public record TokenEvent(
    String requestId,
    int position,
    int tokenId,
    String text,
    @Nullable FinishReason finishReason,
    int cachedTokens) {

  /** Creates an event of a sequence whose prompt was computed whole. */
  public TokenEvent(
      String requestId,
      int position,
      int tokenId,
      String text,
      @Nullable FinishReason finishReason) {
    this(requestId, position, tokenId, text, finishReason, 0);
  }
}
