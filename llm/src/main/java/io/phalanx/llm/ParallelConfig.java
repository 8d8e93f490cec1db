package io.phalanx.llm;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;

/**
 * Over how many ranks a model is spread.
 *
 * @param tensorParallelSize ranks that share each layer, at least 1
 * @param pipelineParallelSize stages that share the layers, at least 1
 * @param dataParallelSize replicas of a gang that start, scale and restart together, at least 1
 */
public record ParallelConfig(
    int tensorParallelSize, int pipelineParallelSize, int dataParallelSize) {

  /** Checks that every size is at least 1. */
  public ParallelConfig {
    requirePositive("tensor-parallel-size", tensorParallelSize);
    requirePositive("pipeline-parallel-size", pipelineParallelSize);
    requirePositive("data-parallel-size", dataParallelSize);
  }

  /** Returns the ranks of one replica: tensor-parallel times pipeline-parallel size. */
  public int worldSize() {
    return Math.multiplyExact(tensorParallelSize, pipelineParallelSize);
  }

  /** Returns whether replicas come in gangs. */
  public boolean isDataParallel() {
    return dataParallelSize > 1;
  }

  private static void requirePositive(String key, int value) {
    if (value < 1) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "engine-kwargs." + key + " is " + value + "; it must be at least 1.");
    }
  }
}
