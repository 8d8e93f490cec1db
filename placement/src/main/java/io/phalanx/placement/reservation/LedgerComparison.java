package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.NodeView;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Brings what the manager believes of a node in line with the node's ledger, which is the truth:
 * bundles that a group has a use for become its own, bundles that no group owns are freed, bundles
 * that are not there any more were lost.
 */
final class LedgerComparison {
  private final ManagerState manager;
  private final GroupLife life;
  private final Reservations reservations;

  LedgerComparison(ManagerState manager, GroupLife life, Reservations reservations) {
    this.manager = manager;
    this.life = life;
    this.reservations = reservations;
  }

  void learn(NodeView node, List<Holding> holdings) {
    String nodeId = node.nodeId();
    manager.cluster().put(node);
    Set<BundleId> held = new HashSet<>();
    for (Holding holding : holdings) {
      held.add(holding.id());
      manager.cluster().hold(nodeId, holding.id(), holding.resources(), holding.deviceIndexes());
    }
    manager.groups().copy().forEach(group -> loseWhatIsNotHeld(group, nodeId, held));
    holdings.forEach(holding -> adopt(nodeId, holding));
    if (life.isActive()) {
      settleAll();
    }
  }

  /** What is being reserved there stays counted. */
  private void loseWhatIsNotHeld(Group group, String nodeId, Set<BundleId> held) {
    reservations.holdAgain(group, nodeId);
    List<Integer> lost =
        group.bundlesOn(nodeId::equals).stream()
            .filter(index -> !held.contains(group.spec.bundleId(index)))
            .toList();
    String address = manager.cluster().address(nodeId);
    life.lose(group, lost, "node [%s] does not hold it any more".formatted(address));
  }

  /**
   * Makes a bundle that a node holds part of its group, or has it freed. What is only prepared
   * makes no group of one that nobody has asked this manager for.
   */
  private void adopt(String nodeId, Holding holding) {
    Group known = manager.groups().get(holding.group().id());
    Group group = known == null ? life.found(holding.group()) : known;
    int index = holding.bundleIndex();
    BundleSite site = new BundleSite(nodeId, holding.deviceIndexes());
    if (holding.phase() == BundlePhase.COMMITTED) {
      life.claim(group);
    }
    boolean isExpected =
        site.equals(group.sites.get(index))
            || Reservations.askedOn(group, nodeId).containsKey(index)
            || group.isBeingReleased(nodeId, index);
    if (isExpected) {
      return;
    }
    boolean isWanted =
        holding.phase() == BundlePhase.COMMITTED
            && !group.isRemoved()
            && !group.sites.containsKey(index)
            && group.reservation == null
            && group.spec.equals(holding.group());
    if (isWanted) {
      group.sites.put(index, site);
    } else {
      reservations.releaseStray(group, nodeId, index);
    }
  }

  /** Draws the consequence of what was found, or not, on the nodes. */
  void settleAll() {
    Predicate<String> isGone = nodeId -> !manager.cluster().contains(nodeId);
    for (Group group : manager.groups().copy()) {
      life.forgetIfOver(group);
      life.lose(group, group.bundlesOn(isGone), "its node is gone");
      life.settle(group);
    }
  }
}
