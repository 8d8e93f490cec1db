package io.phalanx.llm.engine;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
  private final IntList blocks = new IntList(new int[0]);
  private final List<BlockHash> blockHashes = new ArrayList<>();
  private int @Nullable [] blockTable;
  private SequenceStatus status = SequenceStatus.WAITING;
  private int numScheduledTokens;
  private int numPublishedBlocks;
  private int numCachedTokens = -1;
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

  /** Returns the prompt's tokens that were cached when the sequence was first admitted. */
  int numCachedTokens() {
    return Math.max(0, numCachedTokens);
  }

  /** Returns whether one more token makes it whole: the cheap step of a running sequence. */
  boolean isDecoding() {
    return numUnscheduledTokens() == 1 && numOutputTokens() > 0;
  }

  /** Returns whether its reader gets a token with each of its steps. */
  boolean isStreaming() {
    return numUnscheduledTokens() <= 1 && numOutputTokens() > 0;
  }

  boolean isInFlight() {
    return stepsInFlight > 0;
  }

  boolean isRunning() {
    return status == SequenceStatus.RUNNING;
  }

  boolean isFinished() {
    return status == SequenceStatus.FINISHED;
  }

  int numBlocks() {
    return blocks.size();
  }

  int block(int index) {
    return blocks.get(index);
  }

  void addBlock(int block) {
    blocks.add(block);
    blockTable = null;
  }

  int removeLastBlock() {
    blockTable = null;
    return blocks.removeLast();
  }

  /** Returns the block numbers; the array is never changed, and the same while the blocks are. */
  int[] blockTable() {
    if (blockTable == null) {
      blockTable = blocks.toArray();
    }
    return blockTable;
  }

  /** Returns the hashes of the first full blocks, as far as anyone has asked. */
  List<BlockHash> blockHashes() {
    return blockHashes;
  }

  /** Returns how many of its first blocks other sequences can find. */
  int numPublishedBlocks() {
    return numPublishedBlocks;
  }

  void publishedBlocks(int count) {
    numPublishedBlocks = count;
  }

  /**
   * Skips the tokens that cached blocks hold.
   *
   * @return whether the sequence is admitted for the first time
   */
  boolean startAfter(int cachedTokens, int cachedBlocks) {
    numScheduledTokens = cachedTokens;
    numPublishedBlocks = cachedBlocks;
    boolean first = numCachedTokens < 0;
    numCachedTokens = first ? cachedTokens : numCachedTokens;
    return first;
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
    numPublishedBlocks = 0;
  }

  void finish() {
    status = SequenceStatus.FINISHED;
  }
}
