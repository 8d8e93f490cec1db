package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleId;
import io.phalanx.placement.ClusterChange;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the manager believes of the nodes: what their ledgers said, and what it has asked of them
 * since. Bundles count as held from the moment they are asked for until their release is confirmed.
 */
final class ClusterMirror {
  private final Map<String, Node> nodes = new HashMap<>();
  private long freedVersion;

  private static final class Node {
    private final NodeInfo info;
    private final FreeShares free;
    private final Map<BundleId, Use> uses = new HashMap<>();
    private boolean reachable = true;
    private @Nullable NodeView view;

    Node(NodeInfo info) {
      this.info = info;
      this.free = new FreeShares(info);
    }
  }

  private record Use(Resources resources, List<Integer> devices) {}

  /** Returns a number that grows whenever something that was not free may have become so. */
  long freedVersion() {
    return freedVersion;
  }

  boolean contains(String nodeId) {
    return nodes.containsKey(nodeId);
  }

  /** Adds a node, or forgets all that was believed to be held on it. */
  void put(NodeInfo info) {
    Node fresh = new Node(info);
    Node known = nodes.put(info.nodeId(), fresh);
    fresh.reachable = known == null || known.reachable;
    freedVersion++;
  }

  void remove(String nodeId) {
    nodes.remove(nodeId);
  }

  void setReachable(String nodeId, boolean reachable) {
    Node node = nodes.get(nodeId);
    if (node != null && node.reachable != reachable) {
      node.reachable = reachable;
      freedVersion += reachable ? 1 : 0;
    }
  }

  /** Counts a bundle as held; what does not fit, since two views differ, is not counted. */
  void hold(String nodeId, BundleId bundle, Resources resources, List<Integer> devices) {
    Node node = nodes.get(nodeId);
    if (node != null
        && !node.uses.containsKey(bundle)
        && node.free.take(resources, devices).isEmpty()) {
      node.uses.put(bundle, new Use(resources, devices));
      node.view = null;
    }
  }

  void free(String nodeId, BundleId bundle) {
    Node node = nodes.get(nodeId);
    Use use = node == null ? null : node.uses.remove(bundle);
    if (node != null && use != null) {
      node.free.giveBack(use.resources(), use.devices());
      node.view = null;
      freedVersion++;
    }
  }

  /** Returns the bundles of a group that count as held on a node. */
  List<BundleId> heldOn(String nodeId, String groupId) {
    Node node = nodes.get(nodeId);
    return node == null
        ? List.of()
        : node.uses.keySet().stream().filter(id -> id.groupId().equals(groupId)).toList();
  }

  String address(String nodeId) {
    Node node = nodes.get(nodeId);
    return node == null ? nodeId : node.info.address();
  }

  /** Returns all nodes. */
  List<NodeView> all() {
    return nodes.values().stream().map(ClusterMirror::view).toList();
  }

  /** Returns the nodes that can be asked now. */
  List<NodeView> reachable() {
    return nodes.values().stream().filter(node -> node.reachable).map(ClusterMirror::view).toList();
  }

  private static NodeView view(Node node) {
    NodeView view = node.view;
    if (view == null) {
      view = node.free.view();
      node.view = view;
    }
    return view;
  }

  /** Returns the reachable nodes as they would be after an imagined change. */
  List<NodeView> reachableAfter(ClusterChange change) {
    Set<String> without = change.withoutNodes();
    List<NodeView> views = new ArrayList<>();
    for (NodeView view : reachable()) {
      if (!without.contains(view.nodeId()) && !without.contains(view.address())) {
        views.add(view);
      }
    }
    change.added().forEach(node -> views.add(NodeView.empty(node)));
    return views;
  }
}
