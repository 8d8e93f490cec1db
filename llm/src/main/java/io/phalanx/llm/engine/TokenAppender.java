package io.phalanx.llm.engine;

import java.util.BitSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Appends drawn tokens to their sequences: their text, and whether a sequence ends with it. */
final class TokenAppender {
  private final BitSet eosTokenIds = new BitSet();
  private final int maxModelLength;

  TokenAppender(Set<Integer> eosTokenIds, int maxModelLength) {
    eosTokenIds.forEach(this.eosTokenIds::set);
    this.maxModelLength = maxModelLength;
  }

  /** Appends a token; the event has a finish reason if it was the last. */
  TokenEvent append(Sequence sequence, int tokenId) {
    sequence.append(tokenId);
    boolean ended = isEnd(tokenId, sequence.request().sampling());
    String text = ended ? "" : sequence.outputText().append(tokenId);
    FinishReason reason = finishReason(sequence, ended);
    return new TokenEvent(
        sequence.request().requestId(),
        sequence.numOutputTokens() - 1,
        tokenId,
        reason == null ? text : text + sequence.outputText().finish(),
        reason,
        sequence.numCachedTokens());
  }

  private boolean isEnd(int tokenId, SamplingParams sampling) {
    return (eosTokenIds.get(tokenId) && !sampling.ignoreEos())
        || (!sampling.stopTokenIds().isEmpty() && sampling.stopTokenIds().contains(tokenId));
  }

  private @Nullable FinishReason finishReason(Sequence sequence, boolean ended) {
    if (ended || sequence.outputText().isStopped()) {
      return FinishReason.STOP;
    }
    boolean full =
        sequence.numOutputTokens() >= sequence.request().sampling().maxTokens()
            || sequence.numTokens() >= maxModelLength;
    return full ? FinishReason.LENGTH : null;
  }
}
