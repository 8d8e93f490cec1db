package io.phalanx.placement.scheduling;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * SPREAD: each bundle on the emptiest node that has none of the group yet, else on the emptiest of
 * those that have. The emptiest keeps the largest fractions of what is asked for free.
 */
final class SpreadPlan {
  private static final double NO_ROOM = -1;

  private final List<NodeRoom> left;
  private final List<NodeRoom> rooms;
  private final boolean[] used;
  private final List<String> dimensions;

  /**
   * Creates a plan.
   *
   * @param rooms the nodes, by address
   * @param open ids of the nodes that hold bundles of the group already
   * @param dimensions the names counted per node
   */
  SpreadPlan(List<NodeRoom> rooms, Set<String> open, List<String> dimensions) {
    this.rooms = rooms;
    this.left = new ArrayList<>(rooms);
    this.used = new boolean[rooms.size()];
    for (NodeRoom room : rooms) {
      used[room.ordinal] = open.contains(room.view.nodeId());
    }
    this.dimensions = dimensions;
  }

  /** Places all items, which are given scarcest first, or none. */
  Optional<Map<Item, NodeRoom>> place(List<Item> items) {
    ItemTypes types = new ItemTypes(items, rooms, dimensions);
    double[][] scores = new double[types.size()][];
    Map<Item, NodeRoom> placed = new HashMap<>();
    for (int i = 0; i < items.size(); i++) {
      int type = types.typeOfItem(i);
      if (scores[type] == null) {
        scores[type] = scores(types, type);
      }
      int node = emptiest(scores[type], false);
      node = node < 0 ? emptiest(scores[type], true) : node;
      if (node < 0) {
        return Optional.empty();
      }
      take(node, types, type, scores);
      placed.put(items.get(i), rooms.get(node));
    }
    return Optional.of(placed);
  }

  private double[] scores(ItemTypes types, int type) {
    double[] scores = new double[rooms.size()];
    for (int node = 0; node < scores.length; node++) {
      scores[node] = score(types, type, node);
    }
    return scores;
  }

  /** Scores of equal nodes tie, and the first by address wins. */
  private int emptiest(double[] scores, boolean wanted) {
    int best = -1;
    double bestScore = NO_ROOM;
    for (int node = 0; node < scores.length; node++) {
      if (used[node] == wanted && scores[node] > bestScore) {
        best = node;
        bestScore = scores[node];
      }
    }
    return best;
  }

  private void take(int node, ItemTypes types, int type, double[][] scores) {
    NodeRoom room = left.get(node);
    if (room == rooms.get(node)) {
      room = room.copy();
      left.set(node, room);
    }
    room.take(types.demand(type));
    used[node] = true;
    for (int t = 0; t < scores.length; t++) {
      if (scores[t] != null) {
        scores[t][node] = score(types, t, node);
      }
    }
  }

  private double score(ItemTypes types, int type, int node) {
    NodeRoom room = left.get(node);
    return types.fits(type, room) ? room.emptiness(types.demand(type)) : NO_ROOM;
  }
}
