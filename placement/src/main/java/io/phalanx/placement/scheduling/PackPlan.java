package io.phalanx.placement.scheduling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * PACK: the fewest nodes, then the tightest of equal ones, bundles in their order.
 *
 * @param rooms the nodes, by address
 * @param open ids of the nodes that hold bundles of the group already
 * @param dimensions the names counted per node
 * @param deadline when to be content with the best found
 */
record PackPlan(
    List<NodeRoom> rooms, Set<String> open, List<String> dimensions, Deadline deadline) {

  /**
   * The nodes of the items.
   *
   * @param roomOf by item
   * @param newNodes how many of them held nothing of the group before
   * @param optimal whether fewer cannot do
   */
  record Result(Map<Item, NodeRoom> roomOf, int newNodes, boolean optimal) {}

  /** Places all items, which are given scarcest first, or none. */
  Optional<Result> place(List<Item> items) {
    PackProblem problem = new PackProblem(rooms, open, items, dimensions);
    int bound = problem.lowerBound();
    if (bound == Integer.MAX_VALUE) {
      return Optional.empty();
    }
    Optional<Packing> greedy = greedy(problem, bound);
    int worst = greedy.map(Packing::newNodes).orElse(rooms.size() + 1);
    if (worst == bound) {
      return greedy.map(packing -> result(problem, packing, true));
    }
    ExactPack exact = new ExactPack(problem, Math.min(worst - 1, items.size()), deadline);
    for (int nodes = bound; nodes < Math.min(worst, items.size() + 1); nodes++) {
      Optional<Packing> better = exact.solve(nodes);
      if (better.isPresent()) {
        return Optional.of(result(problem, better.get(), !exact.timedOut()));
      }
      if (exact.timedOut()) {
        return greedy.map(packing -> result(problem, packing, false));
      }
    }
    return greedy.map(packing -> result(problem, packing, true));
  }

  private static Optional<Packing> greedy(PackProblem problem, int bound) {
    Optional<Packing> fullest = new GreedyPack(problem).solve();
    if (fullest.isPresent() && fullest.get().newNodes() == bound) {
      return fullest;
    }
    return Stream.of(fullest, new EmptiestPack(problem).solve())
        .flatMap(Optional::stream)
        .min(Comparator.comparingInt(Packing::newNodes));
  }

  private Result result(PackProblem problem, Packing packing, boolean optimal) {
    List<Chosen> chosen = new ArrayList<>();
    boolean[] taken = new boolean[rooms.size()];
    for (Packing.Fill fill : packing.fills()) {
      NodeRoom node = firstFree(fill.nodes().members(), taken);
      taken[node.ordinal] = true;
      chosen.add(new Chosen(node, fill));
    }
    chosen.sort(Comparator.comparingDouble(one -> -problem.weight(one.fill().counts())));
    chosen.replaceAll(one -> one.fill().nodes().open() ? one : tighten(problem, one, taken));
    return new Result(assign(problem, chosen), packing.newNodes(), optimal);
  }

  private static NodeRoom firstFree(List<NodeRoom> members, boolean[] taken) {
    return members.stream().filter(room -> !taken[room.ordinal]).findFirst().orElseThrow();
  }

  /** A node and what it is to hold. */
  private record Chosen(NodeRoom node, Packing.Fill fill) {
    boolean has(int type) {
      return fill.counts()[type] > 0;
    }

    int size() {
      return Arrays.stream(fill.counts()).sum();
    }
  }

  /** Moves a fill to the node with the least room to spare, and {@code taken} with it. */
  private Chosen tighten(PackProblem problem, Chosen chosen, boolean[] taken) {
    NodeRoom best = chosen.node();
    taken[best.ordinal] = false;
    for (NodeRoom room : rooms) {
      if (!taken[room.ordinal]
          && isTighter(room, best)
          && !open.contains(room.view.nodeId())
          && problem.holds(room, chosen.fill().counts())) {
        best = room;
      }
    }
    taken[best.ordinal] = true;
    return new Chosen(best, chosen.fill());
  }

  /** Rooms come by address, so of equal ones the first stays. */
  private boolean isTighter(NodeRoom room, NodeRoom than) {
    if (room.freeGpus() != than.freeGpus()) {
      return room.freeGpus() < than.freeGpus();
    }
    for (int d = 0; d < dimensions.size(); d++) {
      if (room.free(d) != than.free(d)) {
        return room.free(d) < than.free(d);
      }
    }
    return false;
  }

  /** Deals the items out in their order: each node takes the first ones of its types at once. */
  private Map<Item, NodeRoom> assign(PackProblem problem, List<Chosen> chosen) {
    List<Chosen> left = new ArrayList<>(chosen);
    left.sort(
        Comparator.comparingInt((Chosen one) -> -one.size())
            .thenComparingInt(one -> one.node().ordinal));
    int[] next = new int[problem.types.size()];
    Map<Item, NodeRoom> roomOf = new HashMap<>();
    while (!left.isEmpty()) {
      int type = typeOfFirstItem(problem, next);
      Chosen node = left.stream().filter(one -> one.has(type)).findFirst().orElseThrow();
      left.remove(node);
      for (int t = 0; t < next.length; t++) {
        for (int i = 0; i < node.fill().counts()[t]; i++) {
          roomOf.put(problem.types.get(t).items().get(next[t]++), node.node());
        }
      }
    }
    return roomOf;
  }

  private static int typeOfFirstItem(PackProblem problem, int[] next) {
    int first = -1;
    for (int t = 0; t < next.length; t++) {
      List<Item> items = problem.types.get(t).items();
      if (next[t] < items.size()
          && (first < 0
              || items.get(next[t]).first()
                  < problem.types.get(first).items().get(next[first]).first())) {
        first = t;
      }
    }
    return first;
  }
}
