package io.phalanx.placement.reservation;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.Resources;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** What holds in a {@link SimulatedCluster} whatever happens, and what holds once it is quiet. */
final class ClusterInvariants {
  private final SimulatedCluster cluster;

  ClusterInvariants(SimulatedCluster cluster) {
    this.cluster = cluster;
  }

  void assertAlways() {
    cluster.nodes.values().forEach(this::assertAddsUp);
    for (GroupSnapshot group : cluster.manager.scheduler.groups()) {
      assertStrategyHolds(group);
      if (group.state() == GroupState.CREATED && cluster.manager.isActive()) {
        assertIsHeld(group);
      }
    }
  }

  /** Free and held make up the total, of each device too, and each bundle is there as a whole. */
  private void assertAddsUp(SimulatedNode node) {
    NodeView view = node.ledger.view();
    Resources held = Resources.NONE;
    long[] shares = view.freeOfDevice().stream().mapToLong(Long::longValue).toArray();
    for (Holding holding : node.ledger.holdings()) {
      held = held.plus(holding.resources());
      long gpus = holding.resources().get(Resources.GPU);
      long devices = gpus < Resources.UNIT ? Math.min(gpus, 1) : gpus / Resources.UNIT;
      check(holding.deviceIndexes().size() == devices, "a bundle is split");
      for (int device : holding.deviceIndexes()) {
        shares[device] += Math.min(gpus, Resources.UNIT);
      }
    }
    check(view.freeWithGpus().plus(held).equals(node.info.total()), "free + held is not total");
    for (long share : shares) {
      check(share == Resources.UNIT, "a device is reserved twice, or a part of it is lost");
    }
    check(view.freeOfDevice().stream().allMatch(share -> share >= 0), "a device is overdrawn");
  }

  private void check(boolean holds, String what) {
    check(holds, what, "");
  }

  private void check(boolean holds, String what, Object whom) {
    if (!holds) {
      assertThat(what + " " + whom).as(cluster::describe).isEmpty();
    }
  }

  private void assertStrategyHolds(GroupSnapshot group) {
    Set<String> nodes = new HashSet<>();
    Set<String> racks = new HashSet<>();
    for (BundleSite site : group.sites().values()) {
      nodes.add(site.nodeId());
      SimulatedNode node = cluster.nodes.get(site.nodeId());
      if (node != null) {
        racks.add(node.info.labels().getOrDefault("rack", ""));
      }
    }
    switch (group.spec().strategy()) {
      case STRICT_PACK -> check(nodes.size() <= 1, "STRICT_PACK on several nodes", group);
      case STRICT_SPREAD ->
          check(nodes.size() == group.sites().size(), "STRICT_SPREAD shares a node", group);
      case PACK, SPREAD -> check(nodes.size() <= group.sites().size(), "more nodes than bundles");
    }
    boolean inOneRack = group.spec().options().topologyLabel().isPresent();
    check(!inOneRack || racks.size() <= 1, "in several racks", group);
  }

  /** What a created group owns is there, on the nodes that obey the manager. */
  private void assertIsHeld(GroupSnapshot group) {
    group
        .sites()
        .forEach(
            (index, site) -> {
              SimulatedNode node = cluster.nodes.get(site.nodeId());
              BundleId id = group.spec().bundleId(index);
              if (node != null && node.ledger.promised().equals(cluster.manager.epoch)) {
                boolean isHeld =
                    node.ledger
                        .holding(id)
                        .filter(holding -> holding.phase() == BundlePhase.COMMITTED)
                        .filter(holding -> holding.deviceIndexes().equals(site.deviceIndexes()))
                        .isPresent();
                check(isHeld, "a bundle of a created group is not held on its node", id);
              }
            });
  }

  /** Returns whether the manager's view is the truth and every group that fits is created. */
  boolean isSettled() {
    return cluster.manager.isActive() && heldIsOwned() && everyFeasibleGroupIsCreated();
  }

  void assertSettled() {
    assertThat(heldIsOwned()).as(() -> cluster.describe() + "\n" + ledgers()).isTrue();
    assertThat(everyFeasibleGroupIsCreated())
        .as(() -> cluster.describe() + "\n" + cluster.manager.scheduler.groups())
        .isTrue();
  }

  private String ledgers() {
    return "held %s%nowned %s%nknown %s%nwanted %s"
        .formatted(held(), owned(), known(), cluster.wanted.keySet());
  }

  private boolean heldIsOwned() {
    return held().equals(owned()) && known().equals(cluster.wanted.keySet());
  }

  private Set<String> known() {
    return cluster.manager.scheduler.groups().stream()
        .map(group -> group.spec().id())
        .collect(Collectors.toSet());
  }

  private Map<BundleId, List<BundleSite>> held() {
    Map<BundleId, List<BundleSite>> held = new HashMap<>();
    for (SimulatedNode node : cluster.nodes.values()) {
      for (Holding holding : node.ledger.holdings()) {
        BundleSite site = new BundleSite(node.id(), holding.deviceIndexes());
        held.merge(holding.id(), List.of(site), ClusterInvariants::joined);
      }
    }
    return held;
  }

  private static List<BundleSite> joined(List<BundleSite> left, List<BundleSite> right) {
    return List.of(left.get(0), right.get(0));
  }

  private Map<BundleId, List<BundleSite>> owned() {
    Map<BundleId, List<BundleSite>> owned = new HashMap<>();
    for (GroupSnapshot group : cluster.manager.scheduler.groups()) {
      group
          .sites()
          .forEach((index, site) -> owned.put(group.spec().bundleId(index), List.of(site)));
    }
    return owned;
  }

  private boolean everyFeasibleGroupIsCreated() {
    List<NodeView> free = cluster.nodes.values().stream().map(node -> node.ledger.view()).toList();
    for (GroupSnapshot group : cluster.manager.scheduler.groups()) {
      Map<Integer, String> placed = new HashMap<>();
      group.sites().forEach((index, site) -> placed.put(index, site.nodeId()));
      boolean isPossible = SimulatedManager.planner().find(group.spec(), free, placed).isPresent();
      if (isPossible != (group.state() == GroupState.CREATED)) {
        return false;
      }
    }
    return true;
  }
}
