package io.phalanx.llm.layers;

/**
 * How a rank keeps keys and values.
 *
 * @param type of the numbers
 * @param blockSize tokens of one KV block
 */
public record CacheSettings(KvCacheType type, int blockSize) {

  /** Returns the memory of one KV block in one layer. */
  public KvBlockShape blockShape(QkvParallelLinear.Heads heads) {
    return new KvBlockShape(blockSize, heads.numKvHeads(), heads.headDim(), type);
  }
}
