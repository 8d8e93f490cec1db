package io.phalanx.placement;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A change of the cluster that is only imagined, for what-if plans.
 *
 * @param added nodes that are thought to be there, empty
 * @param withoutNodes ids or addresses of nodes that are thought to be gone
 * @param drainedNodes ids or addresses of nodes that are thought to take nothing new
 */
public record ClusterChange(
    List<NodeInfo> added, Set<String> withoutNodes, Set<String> drainedNodes) {

  /** The cluster as it is. */
  public static final ClusterChange NONE = new ClusterChange(List.of(), Set.of(), Set.of());

  /** Copies the collections. */
  public ClusterChange {
    added = List.copyOf(added);
    withoutNodes = Set.copyOf(withoutNodes);
    drainedNodes = Set.copyOf(drainedNodes);
  }

  /** Returns the nodes as they would be; names that none of them has change nothing. */
  public List<NodeView> applyTo(List<NodeView> nodes) {
    List<NodeView> changed = new ArrayList<>();
    for (NodeView node : nodes) {
      if (!isNamed(node, withoutNodes)) {
        changed.add(isNamed(node, drainedNodes) ? node.withDraining(true) : node);
      }
    }
    added.forEach(node -> changed.add(NodeView.empty(node)));
    return changed;
  }

  private static boolean isNamed(NodeView node, Set<String> names) {
    return names.contains(node.nodeId()) || names.contains(node.address());
  }

  /** Returns the names that none of these nodes has, ascending; such as a mistyped address. */
  public List<String> unknownIn(List<NodeView> nodes) {
    Set<String> unknown = new TreeSet<>(withoutNodes);
    unknown.addAll(drainedNodes);
    for (NodeView node : nodes) {
      unknown.remove(node.nodeId());
      unknown.remove(node.address());
    }
    return List.copyOf(unknown);
  }
}
