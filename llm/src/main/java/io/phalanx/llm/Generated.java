package io.phalanx.llm;

import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The whole answer to one request.
 *
 * @param requestId whose answer it is
 * @param text the text, without the stop string that ended it
 * @param tokenIds the generated tokens
 * @param finishReason why there are no more
 * @param promptTokens tokens of the prompt
 * @param cachedTokens those of them that were found in the prefix cache
 */
public record Generated(
    String requestId,
    String text,
    List<Integer> tokenIds,
    FinishReason finishReason,
    int promptTokens,
    int cachedTokens) {

  /** Copies the list. */
  public Generated {
    tokenIds = List.copyOf(tokenIds);
  }

  /**
   * Joins the events of a request.
   *
   * @param events all of them, in order
   * @throws ServingException {@code REPLICA_FAILED} if the last one is missing
   */
  public static Generated of(GenerationRequest request, List<TokenEvent> events) {
    FinishReason reason = events.isEmpty() ? null : events.get(events.size() - 1).finishReason();
    if (reason == null) {
      throw new ServingException(
          ErrorCode.REPLICA_FAILED,
          "Request " + request.requestId() + " ended before its last token.");
    }
    return new Generated(
        request.requestId(),
        events.stream().map(TokenEvent::text).collect(Collectors.joining()),
        events.stream().map(TokenEvent::tokenId).toList(),
        reason,
        request.promptTokenIds().length,
        events.get(0).cachedTokens());
  }

  /** Returns the number of generated tokens. */
  public int completionTokens() {
    return tokenIds.size();
  }
}
