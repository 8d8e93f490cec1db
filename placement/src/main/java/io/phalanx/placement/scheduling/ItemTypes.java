package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The items of a plan with equal ones collapsed, and which nodes accept which of them. */
final class ItemTypes {
  private final List<ItemType> types;
  private final int[] typeOfItem;
  private final List<boolean[]> acceptedOfNode;

  /** Items that ask for the same, in the order in which they were given. */
  record ItemType(Demand demand, List<Item> items) {
    boolean isAcceptedBy(NodeRoom room) {
      return items.get(0).isAcceptedBy(room);
    }
  }

  /**
   * Collapses items.
   *
   * @param items in the order in which they are to be placed, scarcest first
   * @param rooms the nodes; {@code rooms.get(i).ordinal} is i
   * @param dimensions the names counted per node
   */
  ItemTypes(List<Item> items, List<NodeRoom> rooms, List<String> dimensions) {
    Map<List<Bundle>, Integer> typeOf = new LinkedHashMap<>();
    List<List<Item>> grouped = new ArrayList<>();
    this.typeOfItem = new int[items.size()];
    for (int i = 0; i < typeOfItem.length; i++) {
      typeOfItem[i] = typeOf.computeIfAbsent(items.get(i).bundles(), key -> typeOf.size());
      if (typeOfItem[i] == grouped.size()) {
        grouped.add(new ArrayList<>());
      }
      grouped.get(typeOfItem[i]).add(items.get(i));
    }
    this.types =
        grouped.stream()
            .map(equal -> new ItemType(Demand.of(equal.get(0).bundles(), dimensions), equal))
            .toList();
    this.acceptedOfNode = acceptedOfNode(rooms);
  }

  /** Conditions are tried once for each combination of the values that they look at. */
  private List<boolean[]> acceptedOfNode(List<NodeRoom> rooms) {
    TreeSet<String> labels = new TreeSet<>();
    for (ItemType type : types) {
      type.items().get(0).bundles().forEach(b -> labels.addAll(b.labelSelector().keySet()));
    }
    Map<List<String>, boolean[]> acceptedOfValues = new HashMap<>();
    List<boolean[]> accepted = new ArrayList<>(rooms.size());
    for (NodeRoom room : rooms) {
      List<String> values = new ArrayList<>(labels.size());
      for (String label : labels) {
        String value = room.view.node().labels().get(label);
        values.add(value == null ? "" : "=" + value);
      }
      accepted.add(acceptedOfValues.computeIfAbsent(values, key -> acceptedBy(room)));
    }
    return accepted;
  }

  private boolean[] acceptedBy(NodeRoom room) {
    boolean[] accepted = new boolean[types.size()];
    for (int t = 0; t < accepted.length; t++) {
      accepted[t] = types.get(t).isAcceptedBy(room);
    }
    return accepted;
  }

  int size() {
    return types.size();
  }

  ItemType get(int type) {
    return types.get(type);
  }

  Demand demand(int type) {
    return types.get(type).demand();
  }

  /** Returns the type of the item at {@code position} in the order of placing. */
  int typeOfItem(int position) {
    return typeOfItem[position];
  }

  /** Returns how many items there are of each type. */
  int[] counts() {
    return types.stream().mapToInt(type -> type.items().size()).toArray();
  }

  boolean isAccepted(int type, NodeRoom room) {
    return acceptedOfNode.get(room.ordinal)[type];
  }

  /** Returns, by type, what the node accepts; equal nodes share the array, which is read only. */
  boolean[] accepted(NodeRoom room) {
    return acceptedOfNode.get(room.ordinal);
  }

  /** Returns whether an item of the type can go to the node as it is. */
  boolean fits(int type, NodeRoom room) {
    return isAccepted(type, room) && room.fits(demand(type));
  }
}
