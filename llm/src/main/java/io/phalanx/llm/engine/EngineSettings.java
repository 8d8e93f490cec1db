package io.phalanx.llm.engine;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;

/**
 * The sizes of one engine; names are vLLM's.
 *
 * @param blockSize tokens whose keys and values one block holds
 * @param numBlocks blocks in the pool of every rank
 * @param maxNumBatchedTokens tokens that one step computes at most, over all sequences
 * @param maxNumSequences sequences that run at the same time at most
 * @param maxModelLength tokens of a sequence at most, prompt and output together
 * @param enableChunkedPrefill whether a prompt may be computed over several steps
 * @param maxBatchesInFlight steps that may be scheduled before the first of them is updated: the
 *     number of pipeline stages
 * @param vocabSize token ids are {@code 0 .. vocabSize - 1}
 * @param enablePrefixCaching whether sequences share the blocks of equal beginnings
 * @param stepLatency how long a step may take while streams run, as far as chunks of prompts decide
 *     it; empty for a bounded slowdown of the streams
 * @param schedulingPolicy in which order sequences are admitted, and which one gives its blocks to
 *     another
 */
public record EngineSettings(
    int blockSize,
    int numBlocks,
    int maxNumBatchedTokens,
    int maxNumSequences,
    int maxModelLength,
    boolean enableChunkedPrefill,
    int maxBatchesInFlight,
    int vocabSize,
    boolean enablePrefixCaching,
    Optional<Duration> stepLatency,
    SchedulingPolicy schedulingPolicy) {

  /** Creates settings with prefix caching and without a fixed step latency. */
  public EngineSettings(
      int blockSize,
      int numBlocks,
      int maxNumBatchedTokens,
      int maxNumSequences,
      int maxModelLength,
      boolean enableChunkedPrefill,
      int maxBatchesInFlight,
      int vocabSize) {
    this(
        blockSize,
        numBlocks,
        maxNumBatchedTokens,
        maxNumSequences,
        maxModelLength,
        enableChunkedPrefill,
        maxBatchesInFlight,
        vocabSize,
        true,
        Optional.empty(),
        SchedulingPolicy.FCFS);
  }

  /** Checks that every sequence that is allowed can be computed with these sizes. */
  public EngineSettings {
    requirePositive("block-size", blockSize);
    requirePositive("max-num-batched-tokens", maxNumBatchedTokens);
    requirePositive("max-num-seqs", maxNumSequences);
    requirePositive("max-model-len", maxModelLength);
    requirePositive("pipeline-parallel-size", maxBatchesInFlight);
    requirePositive("vocab_size", vocabSize);
    long capacity = (long) blockSize * numBlocks;
    if (capacity < maxModelLength) {
      throw invalid(
          "max-model-len is "
              + maxModelLength
              + " but the KV cache holds "
              + capacity
              + " tokens ("
              + numBlocks
              + " blocks of "
              + blockSize
              + "); lower max-model-len or raise kv-cache-memory.");
    }
    if (!enableChunkedPrefill && maxNumBatchedTokens < maxModelLength) {
      throw invalid(
          "max-num-batched-tokens is "
              + maxNumBatchedTokens
              + ", less than max-model-len "
              + maxModelLength
              + "; raise it or set enable-chunked-prefill = true.");
    }
  }

  /** Returns a copy without prefix caching. */
  public EngineSettings withoutPrefixCaching() {
    return new EngineSettings(
        blockSize,
        numBlocks,
        maxNumBatchedTokens,
        maxNumSequences,
        maxModelLength,
        enableChunkedPrefill,
        maxBatchesInFlight,
        vocabSize,
        false,
        stepLatency,
        schedulingPolicy);
  }

  /** Returns how many blocks hold the keys and values of {@code tokens} tokens. */
  public int blocksFor(int tokens) {
    return (tokens + blockSize - 1) / blockSize;
  }

  private static void requirePositive(String key, int value) {
    if (value < 1) {
      throw invalid(key + " is " + value + "; it must be at least 1.");
    }
  }

  private static ServingException invalid(String message) {
    return new ServingException(ErrorCode.INVALID_CONFIGURATION, message);
  }
}
