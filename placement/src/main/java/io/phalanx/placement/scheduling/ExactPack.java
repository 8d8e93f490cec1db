package io.phalanx.placement.scheduling;

import io.phalanx.placement.scheduling.PackProblem.NodeClass;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Looks for a packing on at most a given number of further nodes, by depth-first search over
 * classes of nodes and the fullest ways to fill one.
 *
 * <p>Only fills to which nothing more can be added need trying: an item on a later node could as
 * well lie on this one.
 */
final class ExactPack {
  private final PackProblem problem;
  private final Deadline deadline;
  private final Set<List<Object>> failed = new HashSet<>();
  private final Deque<Packing.Fill> chosen = new ArrayDeque<>();
  private boolean timedOut;

  ExactPack(PackProblem problem, Deadline deadline) {
    this.problem = problem;
    this.deadline = deadline;
  }

  Optional<Packing> solve(int furtherNodes) {
    failed.clear();
    chosen.clear();
    boolean found = search(0, 0, furtherNodes, problem.counts);
    return found ? Optional.of(new Packing(new ArrayList<>(chosen))) : Optional.empty();
  }

  /** Returns whether the last answer was empty for want of time. */
  boolean timedOut() {
    return timedOut;
  }

  private boolean search(int nodeClass, int used, int nodesLeft, int[] left) {
    if (PackProblem.isZero(left)) {
      return true;
    }
    timedOut = timedOut || deadline.hasPassed();
    if (timedOut || nodeClass == problem.classes.size()) {
      return false;
    }
    List<Object> state = List.of(nodeClass, used, nodesLeft, Arrays.stream(left).boxed().toList());
    if (failed.contains(state) || !isPossible(nodeClass, used, nodesLeft, left)) {
      return false;
    }
    if (useOneMore(nodeClass, used, nodesLeft, left) || search(nodeClass + 1, 0, nodesLeft, left)) {
      return true;
    }
    failed.add(state);
    return false;
  }

  private boolean useOneMore(int nodeClass, int used, int nodesLeft, int[] left) {
    NodeClass nodes = problem.classes.get(nodeClass);
    int cost = nodes.open() ? 0 : 1;
    if (used == nodes.members().size() || cost > nodesLeft) {
      return false;
    }
    for (int[] fill : fullestFills(nodes, left)) {
      chosen.addLast(new Packing.Fill(nodes, fill));
      if (search(nodeClass, used + 1, nodesLeft - cost, minus(left, fill))) {
        return true;
      }
      chosen.removeLast();
    }
    return false;
  }

  /** Counts, type by type, whether the classes from this one on could hold what is left. */
  private boolean isPossible(int nodeClass, int used, int nodesLeft, int[] left) {
    boolean onlyClosed = !problem.classes.get(nodeClass).open();
    for (int t = 0; t < left.length; t++) {
      if (offered(nodeClass, used, t) < left[t]
          || (onlyClosed && (long) nodesLeft * mostFrom(nodeClass, t) < left[t])) {
        return false;
      }
    }
    return true;
  }

  private long offered(int nodeClass, int used, int type) {
    long offered = -(long) used * problem.classes.get(nodeClass).capacity(type);
    for (int c = nodeClass; c < problem.classes.size(); c++) {
      NodeClass nodes = problem.classes.get(c);
      offered += (long) nodes.members().size() * nodes.capacity(type);
    }
    return offered;
  }

  private int mostFrom(int nodeClass, int type) {
    return problem.classes.subList(nodeClass, problem.classes.size()).stream()
        .mapToInt(nodes -> nodes.capacity(type))
        .max()
        .orElse(0);
  }

  private List<int[]> fullestFills(NodeClass nodes, int[] left) {
    List<int[]> fills = new ArrayList<>();
    extend(nodes, nodes.room().copy(), left, 0, new int[left.length], fills);
    return fills;
  }

  private void extend(
      NodeClass nodes, NodeRoom room, int[] left, int type, int[] fill, List<int[]> fills) {
    if (timedOut) {
      return;
    }
    if (type == left.length) {
      if (isFullest(nodes, room, left, fill)) {
        fills.add(fill.clone());
      }
      timedOut = deadline.hasPassed();
      return;
    }
    Deque<NodeRoom> steps = new ArrayDeque<>();
    steps.push(room);
    int limit = Math.min(left[type], nodes.capacity(type));
    while (steps.size() <= limit) {
      NodeRoom next = steps.element().copy();
      if (!next.take(problem.types.get(type).demand())) {
        break;
      }
      steps.push(next);
    }
    for (; !steps.isEmpty(); steps.pop()) {
      fill[type] = steps.size() - 1;
      extend(nodes, steps.element(), left, type + 1, fill, fills);
    }
    fill[type] = 0;
  }

  private boolean isFullest(NodeClass nodes, NodeRoom room, int[] left, int[] fill) {
    for (int t = 0; t < left.length; t++) {
      boolean more = fill[t] < Math.min(left[t], nodes.capacity(t));
      if (more && room.fits(problem.types.get(t).demand())) {
        return false;
      }
    }
    return true;
  }

  private static int[] minus(int[] left, int[] fill) {
    int[] rest = left.clone();
    for (int t = 0; t < rest.length; t++) {
      rest[t] -= fill[t];
    }
    return rest;
  }
}
