package io.phalanx.llm.layers;

/**
 * The memory of one KV block in one layer of one rank, in plain Java: it can be planned on any node
 * without native libraries.
 *
 * <p>The CPU's kernels read whole vectors, so tokens and head sizes are padded to multiples of
 * {@value #TILE}.
 *
 * @param blockSize tokens of a block
 * @param numKvHeads key/value heads of the rank
 * @param headDim elements of a head
 * @param type of the numbers
 */
public record KvBlockShape(int blockSize, int numKvHeads, int headDim, KvCacheType type) {
  /** Elements of a whole vector. */
  public static final int TILE = 16;

  /** Returns the bytes of keys alone, or of values alone. */
  public long halfBytes() {
    long tokenBytes = (long) padded(headDim) * type.bytes() + type.factorBytes();
    return (long) numKvHeads * padded(blockSize) * tokenBytes;
  }

  /** Returns the bytes of keys and values together. */
  public long bytes() {
    return 2 * halfBytes();
  }

  private static int padded(int count) {
    return (count + TILE - 1) / TILE * TILE;
  }
}
