package io.phalanx.llm;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;

/**
 * Over how many ranks a model is spread.
 *
 * @param tensorParallelSize ranks that share each layer, at least 1
 * @param pipelineParallelSize stages that share the layers, at least 1
 * @param dataParallelSize replicas of a gang that start, scale and restart together, at least 1;
 *     all ranks together are at most 65,536
 */
public record ParallelConfig(
    int tensorParallelSize, int pipelineParallelSize, int dataParallelSize) {

  private static final int MOST_RANKS = 65_536;

  /** Checks that every size is at least 1, and how many ranks there would be. */
  public ParallelConfig {
    requirePositive("tensor-parallel-size", tensorParallelSize);
    requirePositive("pipeline-parallel-size", pipelineParallelSize);
    requirePositive("data-parallel-size", dataParallelSize);
    requireFewRanks(tensorParallelSize, pipelineParallelSize, dataParallelSize);
  }

  /** Returns the ranks of one replica: tensor-parallel times pipeline-parallel size. */
  public int worldSize() {
    return tensorParallelSize * pipelineParallelSize;
  }

  /** Returns whether replicas come in gangs. */
  public boolean isDataParallel() {
    return dataParallelSize > 1;
  }

  private static void requirePositive(String key, int value) {
    ConfigRange.require(value >= 1, "engine-kwargs." + key, value, "at least 1");
  }

  private static void requireFewRanks(int tensor, int pipeline, int data) {
    if ((double) tensor * pipeline * data > MOST_RANKS) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "engine-kwargs: tensor-parallel-size %d x pipeline-parallel-size %d x data-parallel-size %d are too many ranks; there may be %d."
              .formatted(tensor, pipeline, data, MOST_RANKS));
    }
  }
}
