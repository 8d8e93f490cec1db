package io.phalanx.llm.layers;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;

/**
 * What a rank's kernels are told.
 *
 * @param numThreads threads that the rank computes with on a CPU
 * @param quantization of the linear layers' weights
 * @param roundActivations whether a CPU may round to bfloat16 what it multiplies bfloat16 weights
 *     with, if that is faster
 * @param batchInvariant whether a row's result must not depend, to the bit, on the other rows
 * @param kvCacheType of keys and values
 */
public record KernelSettings(
    int numThreads,
    Quantization quantization,
    boolean roundActivations,
    boolean batchInvariant,
    KvCacheType kvCacheType) {

  /** Returns the settings of weights as they are, multiplied exactly, and the best cache. */
  public static KernelSettings exact(int numThreads) {
    return new KernelSettings(numThreads, Quantization.NONE, false, false, KvCacheType.AUTO);
  }

  /** Checks the range. */
  public KernelSettings {
    if (numThreads < 1) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, "threads is " + numThreads + "; it must be at least 1.");
    }
  }
}
