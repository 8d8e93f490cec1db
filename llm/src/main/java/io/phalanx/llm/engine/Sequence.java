package io.phalanx.llm.engine;

/**
 * One generation: its tokens, its blocks and how far it has been computed.
 *
 * <p>{@code numComputedTokens <= numScheduledTokens <= numTokens}: keys and values of the first
 * have been computed, of the second are computed or in a step in flight. A sequence whose scheduled
 * tokens have caught up with its tokens waits for {@link LlmEngine#update} to append the next one,
 * so it decodes in at most one step in flight, while chunks of its prompt may follow each other.
 */
final class Sequence {
  private final GenerationRequest request;
  private final OutputText outputText;
  private final IntList tokenIds;
  private final IntList blockTable = new IntList(new int[0]);
  private SequenceStatus status = SequenceStatus.WAITING;
  private int numScheduledTokens;
  private int stepsInFlight;

  Sequence(GenerationRequest request, OutputText outputText) {
    this.request = request;
    this.outputText = outputText;
    this.tokenIds = new IntList(request.promptTokenIds());
  }

  GenerationRequest request() {
    return request;
  }

  OutputText outputText() {
    return outputText;
  }

  IntList tokenIds() {
    return tokenIds;
  }

  IntList blockTable() {
    return blockTable;
  }

  SequenceStatus status() {
    return status;
  }

  int numTokens() {
    return tokenIds.size();
  }

  int numPromptTokens() {
    return request.promptTokenIds().length;
  }

  int numOutputTokens() {
    return tokenIds.size() - numPromptTokens();
  }

  int numScheduledTokens() {
    return numScheduledTokens;
  }

  int numUnscheduledTokens() {
    return tokenIds.size() - numScheduledTokens;
  }

  /** Returns whether one more token makes it whole: the cheap step of a running sequence. */
  boolean isDecoding() {
    return numUnscheduledTokens() == 1 && numOutputTokens() > 0;
  }

  boolean isInFlight() {
    return stepsInFlight > 0;
  }

  boolean isFinished() {
    return status == SequenceStatus.FINISHED;
  }

  void scheduled(int tokens) {
    status = SequenceStatus.RUNNING;
    numScheduledTokens += tokens;
    stepsInFlight++;
  }

  void stepDone() {
    stepsInFlight--;
  }

  void append(int tokenId) {
    tokenIds.add(tokenId);
  }

  /** Forgets what was computed; the caller has released the blocks. */
  void preempt() {
    status = SequenceStatus.PREEMPTED;
    numScheduledTokens = 0;
  }

  void finish() {
    status = SequenceStatus.FINISHED;
  }
}
