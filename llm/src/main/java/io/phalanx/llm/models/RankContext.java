package io.phalanx.llm.models;

import io.phalanx.runtime.collective.ProcessGroup;
import io.phalanx.runtime.device.Device;

/**
 * Where one rank stands: its device and its place in its two process groups.
 *
 * <p>Rank number = {@code pipelineStage * tensorParallelSize + tensorRank}. Neither group is closed
 * by who gets this record.
 *
 * @param device where this rank computes
 * @param tensorGroup the ranks of the same pipeline stage, in tensor-rank order
 * @param pipelineGroup the ranks of the same tensor rank, in stage order
 */
public record RankContext(Device device, ProcessGroup tensorGroup, ProcessGroup pipelineGroup) {

  /** Returns this rank's number within its replica. */
  public int rank() {
    return pipelineStage() * tensorParallelSize() + tensorRank();
  }

  /** Returns this rank's place among those that share its layers. */
  public int tensorRank() {
    return tensorGroup.rank();
  }

  /** Returns how many ranks share each layer. */
  public int tensorParallelSize() {
    return tensorGroup.size();
  }

  /** Returns which part of the layers this rank has. */
  public int pipelineStage() {
    return pipelineGroup.rank();
  }

  /** Returns how many parts the layers are cut into. */
  public int pipelineParallelSize() {
    return pipelineGroup.size();
  }

  /** Returns whether this rank draws tokens. */
  public boolean draws() {
    return rank() == 0;
  }

  /** Returns whether this rank's stage has the last layer. */
  public boolean isLastStage() {
    return pipelineStage() == pipelineParallelSize() - 1;
  }
}
