package io.phalanx.placement.scheduling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToLongFunction;

/**
 * A packing problem with equal items and equal nodes collapsed.
 *
 * <p>Nodes that hold bundles of the group already are <em>open</em>: using them costs no further
 * node. Each is a class of its own, and they come first. Nodes are equal if they differ only in
 * what no packing can use: more than all bundles ask for, or parts of devices where none is asked
 * for.
 */
final class PackProblem {
  final ItemTypes types;
  final List<NodeClass> classes;
  final int[] counts;
  final List<NodeRoom> rooms;
  private final int dimensions;
  private final long[] totals;
  private final double[] weights;

  /** Nodes that can hold the same. */
  static final class NodeClass {
    private final NodeRoom room;
    private final NodeKey key;
    private final List<NodeRoom> members;
    private final int[] capacity;

    NodeClass(List<NodeRoom> members, NodeKey key, int[] capacity) {
      this.room = members.get(0);
      this.key = key;
      this.members = members;
      this.capacity = capacity;
    }

    /** Returns the room of each of them. */
    NodeRoom room() {
      return room;
    }

    /** Returns what the nodes have in common. */
    NodeKey key() {
      return key;
    }

    /** Returns whether it holds bundles of the group already. */
    boolean open() {
      return key.isOpen();
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
    this.rooms = rooms;
    this.dimensions = dimensions.size();
    this.types = new ItemTypes(items, rooms, dimensions);
    this.counts = types.counts();
    this.totals = totals();
    this.classes = classesOf(open);
    this.weights = weights();
  }

  /** Returns what all items ask for: by dimension, then GPUs. */
  private long[] totals() {
    long[] sums = new long[dimensions + 1];
    for (int t = 0; t < counts.length; t++) {
      for (int d = 0; d <= dimensions; d++) {
        sums[d] += counts[t] * amount(t, d);
      }
    }
    return sums;
  }

  private long amount(int type, int dimension) {
    Demand demand = types.demand(type);
    return dimension == dimensions ? demand.gpus() : demand.amount(dimension);
  }

  private List<NodeClass> classesOf(Set<String> open) {
    NodeKey.Scale scale = new NodeKey.Scale(types, totals);
    Map<NodeKey, List<NodeRoom>> ofOpen = new LinkedHashMap<>();
    Map<NodeKey, List<NodeRoom>> ofClosed = new LinkedHashMap<>();
    for (NodeRoom room : rooms) {
      boolean isOpen = open.contains(room.view.nodeId());
      NodeKey key = NodeKey.of(room, types.accepted(room), scale, isOpen);
      (isOpen ? ofOpen : ofClosed).computeIfAbsent(key, k -> new ArrayList<>()).add(room);
    }
    List<NodeClass> result = new ArrayList<>();
    ofOpen.forEach((key, members) -> addIfOfUse(result, key, members));
    ofClosed.forEach((key, members) -> addIfOfUse(result, key, members));
    return result;
  }

  private void addIfOfUse(List<NodeClass> result, NodeKey key, List<NodeRoom> members) {
    int[] capacity = new int[types.size()];
    for (int t = 0; t < capacity.length; t++) {
      if (types.isAccepted(t, members.get(0))) {
        capacity[t] = members.get(0).capacity(types.demand(t), counts[t]);
      }
    }
    if (!isZero(capacity)) {
      result.add(new NodeClass(members, key, capacity));
    }
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
      while (fill[t] < limit && room.take(types.demand(t))) {
        fill[t]++;
      }
    }
    return fill;
  }

  boolean holds(NodeRoom node, int[] fill) {
    NodeRoom room = node.copy();
    for (int t = 0; t < fill.length; t++) {
      if (fill[t] > 0 && !types.isAccepted(t, node)) {
        return false;
      }
      for (int i = 0; i < fill[t]; i++) {
        if (!room.take(types.demand(t))) {
          return false;
        }
      }
    }
    return true;
  }

  /** Returns how much of what is scarce {@code fill} makes up; only for comparing. */
  double weight(int[] fill) {
    double weight = 0;
    for (int t = 0; t < fill.length; t++) {
      weight += fill[t] * weights[t];
    }
    return weight;
  }

  /** An amount weighs as much as it is of what all nodes have free. */
  private double[] weights() {
    double[] free = new double[dimensions + 1];
    for (NodeClass nodes : classes) {
      for (int d = 0; d < free.length; d++) {
        free[d] += (double) nodes.members().size() * nodes.key().amount(d);
      }
    }
    double[] result = new double[counts.length];
    for (int t = 0; t < result.length; t++) {
      for (int d = 0; d < free.length; d++) {
        result[t] += free[d] == 0 ? 0 : amount(t, d) / free[d];
      }
    }
    return result;
  }

  /**
   * Returns the fewest further nodes that could do, by counting alone; {@code Integer.MAX_VALUE} if
   * it is impossible.
   */
  int lowerBound() {
    int bound = 0;
    for (int t = 0; t < counts.length; t++) {
      int type = t;
      bound = Math.max(bound, nodesFor(counts[t], nodes -> nodes.capacity(type)));
    }
    for (int d = 0; d < totals.length; d++) {
      int dimension = d;
      bound = Math.max(bound, nodesFor(totals[d], nodes -> nodes.key().amount(dimension)));
    }
    return Math.max(bound, nodesFor(wholeGpus(), nodes -> nodes.room().wholeDevices()));
  }

  private long wholeGpus() {
    long whole = 0;
    for (int t = 0; t < counts.length; t++) {
      whole += (long) counts[t] * types.demand(t).wholeGpus();
    }
    return whole;
  }

  private int nodesFor(long needed, ToLongFunction<NodeClass> offer) {
    long left = needed;
    long[][] closed = new long[classes.size()][];
    int size = 0;
    for (NodeClass nodes : classes) {
      long offered = offer.applyAsLong(nodes);
      if (nodes.open()) {
        left -= offered;
      } else if (offered > 0) {
        closed[size++] = new long[] {offered, nodes.members().size()};
      }
    }
    Arrays.sort(closed, 0, size, (a, b) -> Long.compare(b[0], a[0]));
    long used = 0;
    for (int i = 0; i < size && left > 0; i++) {
      long taken = Math.min(closed[i][1], (left + closed[i][0] - 1) / closed[i][0]);
      left -= taken * closed[i][0];
      used += taken;
    }
    return left > 0 ? Integer.MAX_VALUE : (int) used;
  }
}
