package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** Nodes by the value of one label. */
final class Domains {

  private Domains() {}

  /**
   * Returns the nodes by their value of {@code label}, without those that have none. If bundles of
   * the group are placed already, only the values of their nodes remain.
   */
  static SortedMap<String, List<NodeView>> of(
      String label, List<NodeView> nodes, Map<Integer, String> placed) {
    SortedMap<String, List<NodeView>> domains = new TreeMap<>(AddressOrder.INSTANCE);
    for (NodeView node : nodes) {
      String value = node.node().labels().get(label);
      if (value != null) {
        domains.computeIfAbsent(value, key -> new ArrayList<>()).add(node);
      }
    }
    if (nodes.stream().anyMatch(node -> placed.containsValue(node.nodeId()))) {
      domains
          .values()
          .removeIf(
              domain -> domain.stream().noneMatch(node -> placed.containsValue(node.nodeId())));
    }
    return domains;
  }
}
