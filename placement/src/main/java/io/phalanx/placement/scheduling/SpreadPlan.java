package io.phalanx.placement.scheduling;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * SPREAD: each bundle on the emptiest node that has none of the group yet, else on the emptiest of
 * those that have.
 *
 * @param rooms the nodes, by address
 * @param open ids of the nodes that hold bundles of the group already
 * @param dimensions the names counted per node
 */
record SpreadPlan(List<NodeRoom> rooms, Set<String> open, List<String> dimensions) {

  /** Places all items, which are given scarcest first, or none. */
  Optional<Map<Item, NodeRoom>> place(List<Item> items) {
    Map<Item, NodeRoom> placed = placeWhatFits(items);
    return placed.size() == items.size() ? Optional.of(placed) : Optional.empty();
  }

  /** Places as many items as this order of going about it allows. */
  Map<Item, NodeRoom> placeWhatFits(List<Item> items) {
    Map<NodeRoom, NodeRoom> left = new HashMap<>();
    rooms.forEach(room -> left.put(room, room.copy()));
    Set<String> used = new HashSet<>(open);
    Map<Item, NodeRoom> placed = new HashMap<>();
    for (Item item : items) {
      Demand demand = Demand.of(item.bundles(), dimensions);
      NodeRoom node = emptiest(item, demand, left, used, false);
      node = node == null ? emptiest(item, demand, left, used, true) : node;
      if (node != null) {
        left.getOrDefault(node, node).take(demand);
        used.add(node.view.nodeId());
        placed.put(item, node);
      }
    }
    return placed;
  }

  private @Nullable NodeRoom emptiest(
      Item item, Demand demand, Map<NodeRoom, NodeRoom> left, Set<String> used, boolean wanted) {
    NodeRoom best = null;
    double bestScore = -1;
    for (NodeRoom room : rooms) {
      NodeRoom rest = left.getOrDefault(room, room);
      if (used.contains(room.view.nodeId()) == wanted && item.isAcceptedBy(room)) {
        double score = score(rest, demand);
        if (score > bestScore && rest.fits(demand)) {
          best = room;
          bestScore = score;
        }
      }
    }
    return best;
  }

  /** Sums, over what is asked for, the fraction that would stay free. */
  private double score(NodeRoom room, Demand demand) {
    double score = fractionLeft(room.freeGpus(), demand.gpus());
    for (int d = 0; d < dimensions.size(); d++) {
      score += fractionLeft(room.free(d), demand.amount(d));
    }
    return score;
  }

  private static double fractionLeft(long free, long asked) {
    return asked == 0 || free == 0 ? 0 : (double) (free - asked) / free;
  }
}
