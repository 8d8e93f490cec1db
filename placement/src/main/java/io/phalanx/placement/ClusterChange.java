package io.phalanx.placement;

import java.util.List;
import java.util.Set;

/**
 * A change of the cluster that is only imagined, for what-if plans.
 *
 * @param added nodes that are thought to be there, empty
 * @param withoutNodes ids or addresses of nodes that are thought to be gone
 */
public record ClusterChange(List<NodeInfo> added, Set<String> withoutNodes) {

  /** The cluster as it is. */
  public static final ClusterChange NONE = new ClusterChange(List.of(), Set.of());

  /** Copies the collections. */
  public ClusterChange {
    added = List.copyOf(added);
    withoutNodes = Set.copyOf(withoutNodes);
  }
}
