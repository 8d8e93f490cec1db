package io.phalanx.placement.scheduling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * STRICT_SPREAD: a node of its own for each bundle; a maximum matching, so that a plan is found
 * wherever there is one.
 */
final class StrictSpreadPlan {
  private static final int NONE = -1;

  private final List<NodeRoom> allRooms;
  private final List<NodeRoom> rooms;
  private final List<String> dimensions;

  /**
   * Creates a plan.
   *
   * @param rooms the nodes, by address
   * @param occupied ids of the nodes that hold bundles of the group already
   * @param dimensions the names counted per node
   */
  StrictSpreadPlan(List<NodeRoom> rooms, Set<String> occupied, List<String> dimensions) {
    this.allRooms = rooms;
    this.rooms =
        rooms.stream()
            .filter(room -> !occupied.contains(room.view.nodeId()))
            .sorted(Comparator.comparingLong((NodeRoom room) -> -room.freeGpus()))
            .toList();
    this.dimensions = dimensions;
  }

  /** Places all items, which are given scarcest first, or none. */
  Optional<Map<Item, NodeRoom>> place(List<Item> items) {
    Matching matching = new Matching(items);
    for (int i = 0; i < items.size(); i++) {
      if (!matching.add(i)) {
        return Optional.empty();
      }
    }
    return Optional.of(matching.inOrder());
  }

  /** Places as many items as have a node of their own. */
  Map<Item, NodeRoom> placeWhatFits(List<Item> items) {
    Matching matching = new Matching(items);
    for (int i = 0; i < items.size(); i++) {
      matching.add(i);
    }
    return matching.inOrder();
  }

  /** Items and rooms in pairs, by augmenting paths. */
  private final class Matching {
    private final ItemTypes types;
    private final boolean[][] fits;
    private final int[] itemOf = new int[rooms.size()];
    private final boolean[] visited = new boolean[rooms.size()];

    Matching(List<Item> items) {
      this.types = new ItemTypes(items, allRooms, dimensions);
      this.fits = new boolean[types.size()][rooms.size()];
      for (int t = 0; t < fits.length; t++) {
        for (int r = 0; r < rooms.size(); r++) {
          fits[t][r] = types.fits(t, rooms.get(r));
        }
      }
      Arrays.fill(itemOf, NONE);
    }

    /** Finds a node for one more item, if need be by moving others. */
    boolean add(int item) {
      boolean[] fitting = fits[types.typeOfItem(item)];
      for (int r = 0; r < fitting.length; r++) {
        if (fitting[r] && itemOf[r] == NONE) {
          itemOf[r] = item;
          return true;
        }
      }
      Arrays.fill(visited, false);
      return move(item);
    }

    private boolean move(int item) {
      boolean[] fitting = fits[types.typeOfItem(item)];
      for (int r = 0; r < fitting.length; r++) {
        if (fitting[r] && !visited[r]) {
          visited[r] = true;
          if (itemOf[r] == NONE || move(itemOf[r])) {
            itemOf[r] = item;
            return true;
          }
        }
      }
      return false;
    }

    /** Deals the nodes of equal items out in the nodes' order. */
    Map<Item, NodeRoom> inOrder() {
      List<List<NodeRoom>> nodesOfType = new ArrayList<>();
      for (int t = 0; t < types.size(); t++) {
        nodesOfType.add(new ArrayList<>());
      }
      for (int r = 0; r < rooms.size(); r++) {
        if (itemOf[r] != NONE) {
          nodesOfType.get(types.typeOfItem(itemOf[r])).add(rooms.get(r));
        }
      }
      Map<Item, NodeRoom> placed = new HashMap<>();
      for (int t = 0; t < types.size(); t++) {
        List<Item> equal = types.get(t).items();
        for (int i = 0; i < nodesOfType.get(t).size(); i++) {
          placed.put(equal.get(i), nodesOfType.get(t).get(i));
        }
      }
      return placed;
    }
  }
}
