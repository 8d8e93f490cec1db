package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** Nodes by the value of one label, such as the racks of a cluster. */
final class Domains {
  private final String label;
  private final SortedMap<String, List<NodeView>> nodesOf = new TreeMap<>(AddressOrder.INSTANCE);
  private final Optional<String> pinned;
  private final boolean unknown;

  /**
   * Divides nodes.
   *
   * @param label whose values divide them
   * @param nodes all nodes that are known, draining ones among them
   * @param usable those that may take bundles, by address
   * @param placed bundle index to node id, of the bundles that stay
   */
  Domains(String label, List<NodeView> nodes, List<NodeView> usable, Map<Integer, String> placed) {
    this.label = label;
    for (NodeView node : usable) {
      String value = node.node().labels().get(label);
      if (value != null) {
        nodesOf.computeIfAbsent(value, key -> new ArrayList<>()).add(node);
      }
    }
    Set<String> away = new HashSet<>(placed.values());
    String value = null;
    for (NodeView node : nodes) {
      if (away.remove(node.nodeId())) {
        value = node.node().labels().get(label);
      }
    }
    this.pinned = Optional.ofNullable(value);
    this.unknown = !placed.isEmpty() && value == null;
  }

  String label() {
    return label;
  }

  /** Returns the value in which bundles of the group lie already; empty if none does. */
  Optional<String> pinned() {
    return pinned;
  }

  /** Returns whether bundles lie on nodes whose value is not known now. */
  boolean isUnknown() {
    return unknown;
  }

  /**
   * Returns the usable nodes of each value that the group may lie in, by value: if some of it lies
   * there already, of that one alone.
   */
  SortedMap<String, List<NodeView>> candidates() {
    if (unknown) {
      return Collections.emptySortedMap();
    }
    SortedMap<String, List<NodeView>> candidates = new TreeMap<>(nodesOf);
    pinned.ifPresent(only -> candidates.keySet().retainAll(Set.of(only)));
    return candidates;
  }
}
