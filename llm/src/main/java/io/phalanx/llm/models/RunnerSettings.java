package io.phalanx.llm.models;

import io.phalanx.llm.layers.KernelSettings;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;

/**
 * What a rank is told about its memory and its threads; the same on every rank of a replica.
 *
 * @param blockSize tokens of one KV block
 * @param numBlocks KV blocks, or 0 for as many as {@code kvCacheBytes} holds
 * @param kvCacheBytes memory for keys and values of this rank, used if {@code numBlocks} is 0
 * @param kernels what its kernels are told
 */
public record RunnerSettings(
    int blockSize, int numBlocks, long kvCacheBytes, KernelSettings kernels) {

  /** Tokens of one KV block where nothing else is said. */
  public static final int DEFAULT_BLOCK_SIZE = 16;

  /** Checks the ranges. */
  public RunnerSettings {
    require(blockSize >= 1, "block-size", blockSize, "at least 1");
    require(numBlocks >= 0, "num-blocks", numBlocks, "0 (as many as fit) or more");
    require(
        numBlocks > 0 || kvCacheBytes > 0, "kv-cache-memory", kvCacheBytes, "more than 0 bytes");
  }

  /** Creates settings of exact kernels with the device's best type of keys and values. */
  public RunnerSettings(int blockSize, int numBlocks, long kvCacheBytes, int numThreads) {
    this(blockSize, numBlocks, kvCacheBytes, KernelSettings.exact(numThreads));
  }

  /** Returns settings with a fixed number of blocks of the default size. */
  public static RunnerSettings ofBlocks(int numBlocks, int numThreads) {
    return new RunnerSettings(DEFAULT_BLOCK_SIZE, numBlocks, 0, numThreads);
  }

  private static void require(boolean holds, String key, long value, String allowed) {
    if (!holds) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, key + " is " + value + "; it must be " + allowed + ".");
    }
  }
}
