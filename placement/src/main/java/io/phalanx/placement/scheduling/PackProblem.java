package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * A packing problem with equal items and equal nodes collapsed.
 *
 * <p>Nodes that hold bundles of the group already are <em>open</em>: using them costs no further
 * node. Each is a class of its own, and they come first.
 */
final class PackProblem {
  final List<ItemType> types;
  final List<NodeClass> classes;
  final int[] counts;
  private final int dimensions;

  /** Items that ask for the same. */
  record ItemType(Demand demand, List<Item> items) {}

  /** Nodes that can hold the same. */
  static final class NodeClass {
    private final NodeRoom room;
    private final boolean open;
    private final List<NodeRoom> members;
    private final int[] capacity;

    NodeClass(List<NodeRoom> members, boolean open, int[] capacity) {
      this.room = members.get(0);
      this.open = open;
      this.members = members;
      this.capacity = capacity;
    }

    /** Returns the room of each of them. */
    NodeRoom room() {
      return room;
    }

    /** Returns whether it holds bundles of the group already. */
    boolean open() {
      return open;
    }

    /** Returns the nodes, in the order of their addresses. */
    List<NodeRoom> members() {
      return members;
    }

    /** Returns how many items of a type fit, without others. */
    int capacity(int type) {
      return capacity[type];
    }
  }

  PackProblem(List<NodeRoom> rooms, Set<String> open, List<Item> items, List<String> dimensions) {
    this.dimensions = dimensions.size();
    this.types = typesOf(items, dimensions);
    this.counts = types.stream().mapToInt(type -> type.items().size()).toArray();
    this.classes = classesOf(rooms, open);
  }

  private static List<ItemType> typesOf(List<Item> items, List<String> dimensions) {
    Map<List<Bundle>, List<Item>> grouped = new LinkedHashMap<>();
    for (Item item : items) {
      grouped.computeIfAbsent(item.bundles(), key -> new ArrayList<>()).add(item);
    }
    return grouped.entrySet().stream()
        .map(entry -> new ItemType(Demand.of(entry.getKey(), dimensions), entry.getValue()))
        .toList();
  }

  private List<NodeClass> classesOf(List<NodeRoom> rooms, Set<String> open) {
    Map<List<Object>, List<NodeRoom>> grouped = new LinkedHashMap<>();
    for (boolean wanted : new boolean[] {true, false}) {
      for (NodeRoom room : rooms) {
        boolean isOpen = open.contains(room.view.nodeId());
        if (isOpen == wanted) {
          String only = isOpen ? room.view.nodeId() : "";
          List<Object> key = List.of(only, room.signature(), accepted(room));
          grouped.computeIfAbsent(key, unused -> new ArrayList<>()).add(room);
        }
      }
    }
    List<NodeClass> result = new ArrayList<>();
    for (List<NodeRoom> members : grouped.values()) {
      NodeRoom room = members.get(0);
      int[] capacity = capacities(room);
      if (!isZero(capacity)) {
        result.add(new NodeClass(members, open.contains(room.view.nodeId()), capacity));
      }
    }
    return result;
  }

  private List<Boolean> accepted(NodeRoom room) {
    return types.stream().map(type -> type.items().get(0).isAcceptedBy(room)).toList();
  }

  private int[] capacities(NodeRoom room) {
    int[] capacity = new int[types.size()];
    for (int t = 0; t < capacity.length; t++) {
      ItemType type = types.get(t);
      if (type.items().get(0).isAcceptedBy(room)) {
        capacity[t] = room.capacity(type.demand(), counts[t]);
      }
    }
    return capacity;
  }

  static boolean isZero(int[] values) {
    for (int value : values) {
      if (value != 0) {
        return false;
      }
    }
    return true;
  }

  /** Takes as much of {@code wanted} as fits, type by type, and returns what was taken. */
  int[] greedyFill(NodeClass nodes, int[] wanted) {
    NodeRoom room = nodes.room().copy();
    int[] fill = new int[wanted.length];
    for (int t = 0; t < wanted.length; t++) {
      int limit = Math.min(wanted[t], nodes.capacity(t));
      while (fill[t] < limit && room.take(types.get(t).demand())) {
        fill[t]++;
      }
    }
    return fill;
  }

  boolean holds(NodeRoom node, int[] fill) {
    NodeRoom room = node.copy();
    for (int t = 0; t < fill.length; t++) {
      if (fill[t] > 0 && !types.get(t).items().get(0).isAcceptedBy(node)) {
        return false;
      }
      for (int i = 0; i < fill[t]; i++) {
        if (!room.take(types.get(t).demand())) {
          return false;
        }
      }
    }
    return true;
  }

  /** Returns the share of all that is asked for that {@code fill} makes up; only for comparing. */
  double weight(int[] fill) {
    double weight = 0;
    for (int t = 0; t < fill.length; t++) {
      weight += fill[t] * weightOfType(t);
    }
    return weight;
  }

  private double weightOfType(int type) {
    double weight = ratio(types.get(type).demand().gpus(), totalGpus());
    for (int d = 0; d < dimensions; d++) {
      weight += ratio(types.get(type).demand().amount(d), total(d));
    }
    return weight;
  }

  private static double ratio(long part, long whole) {
    return whole == 0 ? 0 : (double) part / whole;
  }

  private long totalGpus() {
    long total = 0;
    for (int t = 0; t < counts.length; t++) {
      total += counts[t] * types.get(t).demand().gpus();
    }
    return total;
  }

  private long total(int dimension) {
    long total = 0;
    for (int t = 0; t < counts.length; t++) {
      total += counts[t] * types.get(t).demand().amount(dimension);
    }
    return total;
  }

  /**
   * Returns the fewest further nodes that could do, by counting alone; more than there are nodes if
   * it is impossible.
   */
  int lowerBound() {
    int bound = 0;
    for (int t = 0; t < counts.length; t++) {
      int type = t;
      bound = Math.max(bound, nodesFor(counts[t], nodes -> nodes.capacity(type)));
    }
    for (int d = 0; d < dimensions; d++) {
      int dimension = d;
      bound = Math.max(bound, nodesFor(total(d), nodes -> nodes.room().free(dimension)));
    }
    return Math.max(bound, nodesFor(totalGpus(), nodes -> nodes.room().freeGpus()));
  }

  private int nodesFor(long needed, ToLongFunction<NodeClass> offer) {
    long left = needed;
    List<NodeClass> closed = new ArrayList<>();
    for (NodeClass nodes : classes) {
      if (nodes.open()) {
        left -= offer.applyAsLong(nodes);
      } else {
        closed.add(nodes);
      }
    }
    closed.sort((a, b) -> Long.compare(offer.applyAsLong(b), offer.applyAsLong(a)));
    int used = 0;
    for (NodeClass nodes : closed) {
      for (int i = 0; i < nodes.members().size() && left > 0; i++) {
        left -= offer.applyAsLong(nodes);
        used++;
      }
    }
    return left > 0 ? Integer.MAX_VALUE : used;
  }
}
