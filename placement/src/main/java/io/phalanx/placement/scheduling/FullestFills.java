package io.phalanx.placement.scheduling;

import io.phalanx.placement.scheduling.PackProblem.NodeClass;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Predicate;

/** The ways to fill a node to which nothing more can be added, the scarcest items first. */
final class FullestFills {
  private final PackProblem problem;
  private final NodeClass nodes;
  private final int[] left;
  private final Deadline deadline;
  private final Predicate<int[]> isEnough;

  /**
   * Prepares the enumeration.
   *
   * @param left how many items of each type there are to choose from
   * @param deadline when to stop
   * @param isEnough is given each fill, and tells whether to stop
   */
  FullestFills(
      PackProblem problem,
      NodeClass nodes,
      int[] left,
      Deadline deadline,
      Predicate<int[]> isEnough) {
    this.problem = problem;
    this.nodes = nodes;
    this.left = left;
    this.deadline = deadline;
    this.isEnough = isEnough;
  }

  /** Goes through the fills until one is enough or time is up. */
  void tryAll() {
    extend(nodes.room().copy(), 0, new int[left.length]);
  }

  /** Returns whether to stop. */
  private boolean extend(NodeRoom room, int type, int[] fill) {
    if (type == left.length) {
      return (isFullest(room, fill) && isEnough.test(fill.clone())) || deadline.hasPassed();
    }
    int limit = Math.min(left[type], nodes.capacity(type));
    if (limit == 0) {
      return extend(room, type + 1, fill);
    }
    Deque<NodeRoom> steps = new ArrayDeque<>();
    steps.push(room);
    while (steps.size() <= limit && steps.element().fits(problem.types.demand(type))) {
      NodeRoom next = steps.element().copy();
      next.take(problem.types.demand(type));
      steps.push(next);
    }
    for (; !steps.isEmpty(); steps.pop()) {
      fill[type] = steps.size() - 1;
      if (extend(steps.element(), type + 1, fill)) {
        return true;
      }
    }
    fill[type] = 0;
    return false;
  }

  private boolean isFullest(NodeRoom room, int[] fill) {
    for (int t = 0; t < left.length; t++) {
      boolean more = fill[t] < Math.min(left[t], nodes.capacity(t));
      if (more && room.fits(problem.types.demand(t))) {
        return false;
      }
    }
    return true;
  }
}
