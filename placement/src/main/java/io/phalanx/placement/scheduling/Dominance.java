package io.phalanx.placement.scheduling;

import io.phalanx.placement.scheduling.PackProblem.NodeClass;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which classes of nodes can hold all that others can: the others need no looking at while enough
 * of those are unused.
 */
final class Dominance {
  private static final int MOST_COMPARED = 64;
  private static final Comparator<NodeClass> MOST_ROOM_FIRST =
      Comparator.comparingLong((NodeClass nodes) -> -nodes.key().sum());

  private final List<NodeClass> classes = new ArrayList<>();
  private final List<int[]> dominators = new ArrayList<>();

  /**
   * Orders classes.
   *
   * @param all the classes, open ones first
   * @param mostNodes how many closed nodes a packing uses at most
   */
  Dominance(List<NodeClass> all, int mostNodes) {
    List<NodeClass> closed = new ArrayList<>();
    for (NodeClass nodes : all) {
      if (nodes.open()) {
        add(nodes, new int[0]);
      } else {
        closed.add(nodes);
      }
    }
    int firstClosed = classes.size();
    closed.sort(MOST_ROOM_FIRST);
    for (NodeClass nodes : closed) {
      int[] dominating = dominating(nodes, firstClosed);
      int better = IntStream.of(dominating).map(c -> classes.get(c).members().size()).sum();
      if (better < mostNodes) {
        add(nodes, dominating);
      }
    }
  }

  private int[] dominating(NodeClass nodes, int firstClosed) {
    int end = Math.min(classes.size(), firstClosed + MOST_COMPARED);
    return IntStream.range(firstClosed, end)
        .filter(c -> classes.get(c).key().dominates(nodes.key()))
        .toArray();
  }

  private void add(NodeClass nodes, int[] dominating) {
    classes.add(nodes);
    dominators.add(dominating);
  }

  /**
   * Returns the classes worth looking at: open ones, then those that dominate before the others.
   */
  List<NodeClass> classes() {
    return classes;
  }

  /** Returns, by class, the classes that dominate it. */
  int[][] dominators() {
    return dominators.toArray(int[][]::new);
  }
}
