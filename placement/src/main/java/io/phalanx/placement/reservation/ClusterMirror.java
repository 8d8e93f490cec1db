package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleId;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.Resources;
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
    private final Map<String, Map<Integer, Use>> usesOfGroup = new HashMap<>();
    private boolean reachable = true;
    private boolean draining;
    private @Nullable NodeView view;

    Node(NodeInfo info, boolean draining) {
      this.info = info;
      this.free = new FreeShares(info);
      this.draining = draining;
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
  void put(NodeView node) {
    Node fresh = new Node(node.node(), node.draining());
    Node known = nodes.put(node.nodeId(), fresh);
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

  void setDraining(String nodeId, boolean draining) {
    Node node = nodes.get(nodeId);
    if (node != null && node.draining != draining) {
      node.draining = draining;
      node.view = null;
      freedVersion += draining ? 0 : 1;
    }
  }

  /** Counts a bundle as held; what does not fit, since two views differ, is not counted. */
  void hold(String nodeId, BundleId bundle, Resources resources, List<Integer> devices) {
    Node node = nodes.get(nodeId);
    if (node == null) {
      return;
    }
    boolean isKnown =
        node.usesOfGroup.getOrDefault(bundle.groupId(), Map.of()).containsKey(bundle.index());
    if (!isKnown && node.free.take(resources, devices).isEmpty()) {
      node.usesOfGroup
          .computeIfAbsent(bundle.groupId(), id -> new HashMap<>())
          .put(bundle.index(), new Use(resources, devices));
      node.view = null;
    }
  }

  void free(String nodeId, BundleId bundle) {
    Node node = nodes.get(nodeId);
    Map<Integer, Use> uses = node == null ? null : node.usesOfGroup.get(bundle.groupId());
    Use use = uses == null ? null : uses.remove(bundle.index());
    if (node == null || uses == null || use == null) {
      return;
    }
    if (uses.isEmpty()) {
      node.usesOfGroup.remove(bundle.groupId());
    }
    node.free.giveBack(use.resources(), use.devices());
    node.view = null;
    freedVersion++;
  }

  /** Groups may take again what they were kept from. */
  void opened() {
    freedVersion++;
  }

  /** Returns the bundles of a group that count as held on a node. */
  List<BundleId> heldOn(String nodeId, String groupId) {
    Node node = nodes.get(nodeId);
    Set<Integer> indexes =
        node == null ? Set.of() : node.usesOfGroup.getOrDefault(groupId, Map.of()).keySet();
    return indexes.stream().map(index -> new BundleId(groupId, index)).toList();
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
      view = node.free.view(node.draining);
      node.view = view;
    }
    return view;
  }
}
