package io.phalanx.llm.layers;

/** In which numbers keys and values are kept. */
public enum KvCacheType {
  /**
   * What the device does best: on a CPU {@link #INT16_PER_TOKEN_HEAD} where its compiled kernels
   * run and {@link #FLOAT32} elsewhere, on a GPU the activations' type.
   */
  AUTO,
  /** IEEE single precision. */
  FLOAT32,
  /** IEEE half precision; the compiled kernels keep numbers beyond 65,504 as 65,504. */
  FLOAT16,
  /** The upper half of {@link #FLOAT32}. */
  BFLOAT16,
  /**
   * Whole numbers of 16 bits times a float32 factor for each token and head: as large as {@link
   * #FLOAT16}, and several times as precise.
   */
  INT16_PER_TOKEN_HEAD;

  /** Returns the bytes of one number; {@link #AUTO} counts as 16 bits. */
  public int bytes() {
    return this == FLOAT32 ? Float.BYTES : Short.BYTES;
  }

  /** Returns the bytes that a token takes in each head besides its numbers. */
  public int factorBytes() {
    return this == INT16_PER_TOKEN_HEAD ? Float.BYTES : 0;
  }
}
