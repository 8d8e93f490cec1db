package io.phalanx.placement.scheduling;

import io.phalanx.placement.scheduling.PackProblem.NodeClass;
import java.util.List;

/**
 * Which nodes hold how many items of each type.
 *
 * @param fills the nodes used
 */
record Packing(List<Fill> fills) {

  /** One node's part. */
  static final class Fill {
    private final NodeClass nodes;
    private final int[] counts;

    Fill(NodeClass nodes, int[] counts) {
      this.nodes = nodes;
      this.counts = counts;
    }

    /** Returns the class of the node. */
    NodeClass nodes() {
      return nodes;
    }

    /** Returns how many items it holds, by type; read only. */
    int[] counts() {
      return counts;
    }
  }

  /** Returns how many nodes are used that held nothing of the group before. */
  int newNodes() {
    return (int) fills.stream().filter(fill -> !fill.nodes().open()).count();
  }
}
