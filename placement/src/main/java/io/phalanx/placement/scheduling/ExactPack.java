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
 * well lie on this one. For the same reason a node is left out while one that can hold all that it
 * can is not used.
 */
final class ExactPack {
  private final PackProblem problem;
  private final Deadline deadline;
  private final List<NodeClass> classes;
  private final int[][] dominators;
  private final long[][] offered;
  private final int[][] most;
  private final int[] used;
  private final Set<State> failed = new HashSet<>();
  private final Deque<Packing.Fill> chosen = new ArrayDeque<>();
  private boolean solved;
  private boolean timedOut;

  /** A point of the search from which nothing was found. */
  private record State(int nodeClass, int used, int nodesLeft, List<Integer> left) {}

  /**
   * Prepares a search.
   *
   * @param mostNodes no more further nodes than this are ever asked for
   */
  ExactPack(PackProblem problem, int mostNodes, Deadline deadline) {
    this.problem = problem;
    this.deadline = deadline;
    Dominance dominance = new Dominance(problem.classes, mostNodes);
    this.classes = dominance.classes();
    this.dominators = dominance.dominators();
    this.used = new int[classes.size()];
    this.offered = new long[classes.size() + 1][problem.counts.length];
    this.most = new int[classes.size() + 1][problem.counts.length];
    for (int c = classes.size() - 1; c >= 0; c--) {
      for (int t = 0; t < problem.counts.length; t++) {
        int capacity = classes.get(c).capacity(t);
        offered[c][t] = offered[c + 1][t] + (long) classes.get(c).members().size() * capacity;
        most[c][t] = Math.max(most[c + 1][t], capacity);
      }
    }
  }

  Optional<Packing> solve(int furtherNodes) {
    failed.clear();
    chosen.clear();
    Arrays.fill(used, 0);
    solved = false;
    search(0, furtherNodes, problem.counts);
    return solved ? Optional.of(new Packing(new ArrayList<>(chosen))) : Optional.empty();
  }

  /** Returns whether the last answer was empty for want of time. */
  boolean timedOut() {
    return timedOut;
  }

  private void search(int nodeClass, int nodesLeft, int[] left) {
    if (PackProblem.isZero(left)) {
      solved = true;
      return;
    }
    timedOut = timedOut || deadline.hasPassed();
    if (timedOut || nodeClass == classes.size() || !isPossible(nodeClass, nodesLeft, left)) {
      return;
    }
    State state =
        new State(nodeClass, used[nodeClass], nodesLeft, Arrays.stream(left).boxed().toList());
    if (failed.contains(state)) {
      return;
    }
    useOneMore(nodeClass, nodesLeft, left);
    if (!solved) {
      search(nodeClass + 1, nodesLeft, left);
    }
    if (!solved) {
      failed.add(state);
    }
  }

  private void useOneMore(int nodeClass, int nodesLeft, int[] left) {
    NodeClass nodes = classes.get(nodeClass);
    int cost = nodes.open() ? 0 : 1;
    if (used[nodeClass] == nodes.members().size() || cost > nodesLeft || isLeftOut(nodeClass)) {
      return;
    }
    used[nodeClass]++;
    new FullestFills(
            problem,
            nodes,
            left,
            deadline,
            fill -> isEnough(nodeClass, nodesLeft - cost, left, fill))
        .tryAll();
    used[nodeClass]--;
  }

  /** Returns whether the rest can be packed too. */
  private boolean isEnough(int nodeClass, int nodesLeft, int[] left, int[] fill) {
    chosen.addLast(new Packing.Fill(classes.get(nodeClass), fill));
    search(nodeClass, nodesLeft, minus(left, fill));
    if (!solved) {
      chosen.removeLast();
    }
    return solved;
  }

  private boolean isLeftOut(int nodeClass) {
    for (int dominator : dominators[nodeClass]) {
      if (used[dominator] < classes.get(dominator).members().size()) {
        return true;
      }
    }
    return false;
  }

  /** Counts, type by type, whether the classes from this one on could hold what is left. */
  private boolean isPossible(int nodeClass, int nodesLeft, int[] left) {
    boolean onlyClosed = !classes.get(nodeClass).open();
    for (int t = 0; t < left.length; t++) {
      long gone = (long) used[nodeClass] * classes.get(nodeClass).capacity(t);
      if (offered[nodeClass][t] - gone < left[t]
          || (onlyClosed && (long) nodesLeft * most[nodeClass][t] < left[t])) {
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
