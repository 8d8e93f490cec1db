package io.phalanx.placement.scheduling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * STRICT_SPREAD: a node of its own for each bundle; a maximum matching, so that a plan is found
 * wherever there is one.
 */
final class StrictSpreadPlan {
  private final List<NodeRoom> rooms;
  private final List<String> dimensions;
  private final Map<NodeRoom, Item> itemOf = new HashMap<>();

  /**
   * Creates a plan.
   *
   * @param rooms the nodes, by address
   * @param occupied ids of the nodes that hold bundles of the group already
   * @param dimensions the names counted per node
   */
  StrictSpreadPlan(List<NodeRoom> rooms, Set<String> occupied, List<String> dimensions) {
    List<NodeRoom> free =
        new ArrayList<>(
            rooms.stream().filter(room -> !occupied.contains(room.view.nodeId())).toList());
    free.sort(Comparator.comparingLong(room -> -room.freeGpus()));
    this.rooms = free;
    this.dimensions = dimensions;
  }

  /** Places all items, which are given scarcest first, or none. */
  Optional<Map<Item, NodeRoom>> place(List<Item> items) {
    Map<Item, NodeRoom> placed = placeWhatFits(items);
    return placed.size() == items.size() ? Optional.of(placed) : Optional.empty();
  }

  /** Places as many items as have a node of their own. */
  Map<Item, NodeRoom> placeWhatFits(List<Item> items) {
    for (Item item : items) {
      findNode(item, new HashSet<>());
    }
    Map<Item, NodeRoom> placed = new HashMap<>();
    itemOf.forEach((room, item) -> placed.put(item, room));
    return inOrder(items, placed);
  }

  private boolean findNode(Item item, Set<NodeRoom> visited) {
    Demand demand = Demand.of(item.bundles(), dimensions);
    for (NodeRoom room : rooms) {
      if (!visited.contains(room) && item.isAcceptedBy(room) && room.fits(demand)) {
        visited.add(room);
        Item other = itemOf.get(room);
        if (other == null || findNode(other, visited)) {
          itemOf.put(room, item);
          return true;
        }
      }
    }
    return false;
  }

  /** Deals the nodes of equal items out in the nodes' order. */
  private Map<Item, NodeRoom> inOrder(List<Item> items, Map<Item, NodeRoom> placed) {
    Map<Item, NodeRoom> ordered = new HashMap<>();
    for (Item item : items) {
      List<NodeRoom> nodesOfEquals =
          placed.keySet().stream()
              .filter(other -> other.bundles().equals(item.bundles()))
              .map(placed::get)
              .sorted(Comparator.comparingInt(rooms::indexOf))
              .toList();
      long before =
          items.stream()
              .filter(other -> other.bundles().equals(item.bundles()))
              .filter(other -> other.first() < item.first())
              .count();
      if (before < nodesOfEquals.size()) {
        ordered.put(item, nodesOfEquals.get((int) before));
      }
    }
    return ordered;
  }
}
