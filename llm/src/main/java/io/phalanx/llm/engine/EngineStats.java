package io.phalanx.llm.engine;

/**
 * What an engine has done since it started, and how full it is.
 *
 * @param waiting sequences that wait
 * @param running sequences that run
 * @param usedBlocks KV blocks in use
 * @param numBlocks KV blocks in the pool
 * @param promptTokens prompt tokens of all requests accepted
 * @param generationTokens tokens generated
 * @param preemptions sequences whose blocks were taken away
 */
public record EngineStats(
    int waiting,
    int running,
    int usedBlocks,
    int numBlocks,
    long promptTokens,
    long generationTokens,
    long preemptions) {

  /** Returns the used share of the pool, 0 to 1. */
  public double kvCacheUsage() {
    return (double) usedBlocks / numBlocks;
  }
}
