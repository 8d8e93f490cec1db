package io.phalanx.llm.engine;

import io.phalanx.runtime.metrics.HistogramCounts;

/**
 * What an engine has done since it started, and how full it is.
 *
 * @param waiting sequences that wait
 * @param running sequences that run
 * @param usedBlocks KV blocks that sequences hold
 * @param cachedBlocks KV blocks that no sequence holds and that hold a prefix
 * @param numBlocks KV blocks in the pool
 * @param promptTokens prompt tokens of all requests accepted
 * @param generationTokens tokens generated
 * @param preemptions sequences whose blocks were taken away
 * @param prefixCacheQueries prompt tokens looked up in the prefix cache
 * @param prefixCacheHits prompt tokens found there, which need not be computed
 * @param iterationTokens tokens computed in each step, buckets of {@code ITERATION_TOKENS}
 * @param queueSeconds how long each sequence waited to be computed, buckets of {@code
 *     REQUEST_QUEUE_TIME}
 */
public record EngineStats(
    int waiting,
    int running,
    int usedBlocks,
    int cachedBlocks,
    int numBlocks,
    long promptTokens,
    long generationTokens,
    long preemptions,
    long prefixCacheQueries,
    long prefixCacheHits,
    HistogramCounts iterationTokens,
    HistogramCounts queueSeconds) {

  /** An engine that has done nothing. */
  public static final EngineStats NONE =
      new EngineStats(0, 0, 0, 0, 1, 0, 0, 0, 0, 0, HistogramCounts.NONE, HistogramCounts.NONE);

  /** Returns the used share of the pool, 0 to 1. */
  public double kvCacheUsage() {
    return (double) usedBlocks / numBlocks;
  }
}
