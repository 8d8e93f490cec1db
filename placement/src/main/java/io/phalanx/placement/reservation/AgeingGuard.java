package io.phalanx.placement.reservation;

import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.Resources;
import io.phalanx.placement.SchedulingDetail;
import io.phalanx.placement.scheduling.AddressOrder;
import io.phalanx.placement.scheduling.PlacementPlanner;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Keeps nodes for one group that has long waited for more room than is ever free at once, since
 * smaller groups that were asked for later take each piece of it.
 *
 * <p>A group that has waited for {@code guard-after}, and would fit were the nodes free, has its
 * turn: groups that were asked for after it are kept from the nodes that it waits for, the fewest
 * of the emptiest on which it would fit. Groups that lost bundles are not kept from anything. The
 * turn ends with the wait, or after {@code guard-duration}; then nothing is kept for {@code
 * guard-after}, and the group's wait counts from anew.
 */
final class AgeingGuard {
  private static final Comparator<NodeView> EMPTIEST_FIRST =
      Comparator.comparingLong((NodeView node) -> node.freeWithGpus().get(Resources.GPU))
          .thenComparingLong(node -> node.free().get(Resources.CPU))
          .reversed()
          .thenComparing(NodeView::address, AddressOrder.INSTANCE);

  private final ManagerState manager;
  private final PlacementPlanner planner;
  private @Nullable Group guarded;
  private Set<String> kept = Set.of();
  private long turnEndsAt;
  private long noTurnBefore;

  AgeingGuard(ManagerState manager, PlacementPlanner planner) {
    this.manager = manager;
    this.planner = planner;
  }

  /** Ends a turn that is over and begins the next; once per tick. */
  void tick() {
    Group group = guarded;
    if (group == null) {
      beginNext();
    } else if (!group.isWaiting()) {
      end();
    } else if (turnEndsAt <= manager.clock().now()) {
      group.waitsSince = manager.clock().now();
      noTurnBefore = manager.clock().after(manager.settings().guardAfter());
      end();
    } else if (!usable().stream().map(NodeView::nodeId).toList().containsAll(kept)) {
      kept = awaited(group);
    }
  }

  void end() {
    if (guarded != null) {
      guarded = null;
      kept = Set.of();
      manager.cluster().opened();
    }
  }

  private void beginNext() {
    if (noTurnBefore > manager.clock().now()) {
      return;
    }
    for (Group group : manager.groups().waiting()) {
      boolean isOld = manager.clock().isOver(group.waitsSince, manager.settings().guardAfter());
      if (isOld && group.detail == SchedulingDetail.NO_RESOURCES && begin(group)) {
        return;
      }
    }
  }

  private boolean begin(Group group) {
    kept = awaited(group);
    if (kept.isEmpty()) {
      group.waitsSince = manager.clock().now();
      return false;
    }
    guarded = group;
    turnEndsAt = manager.clock().after(manager.settings().guardDuration());
    return true;
  }

  private List<NodeView> usable() {
    return manager.cluster().reachable().stream().filter(node -> !node.draining()).toList();
  }

  /**
   * Returns the nodes that a group would lie on, were as few as possible of the emptiest nodes
   * free; none if it would not fit on all of them.
   */
  private Set<String> awaited(Group group) {
    List<NodeView> nodes = usable().stream().sorted(EMPTIEST_FIRST).toList();
    int tooFew = -1;
    int enough = nodes.size();
    Optional<PlanResult.Planned> plan = planWithFreed(group, nodes, enough);
    while (plan.isPresent() && enough - tooFew > 1) {
      int middle = (tooFew + enough) / 2;
      Optional<PlanResult.Planned> smaller = planWithFreed(group, nodes, middle);
      if (smaller.isPresent()) {
        plan = smaller;
        enough = middle;
      } else {
        tooFew = middle;
      }
    }
    Set<String> awaited = new TreeSet<>();
    plan.ifPresent(found -> found.sites().values().forEach(site -> awaited.add(site.nodeId())));
    return awaited;
  }

  private Optional<PlanResult.Planned> planWithFreed(Group group, List<NodeView> nodes, int freed) {
    List<NodeView> imagined = new ArrayList<>(nodes);
    for (int i = 0; i < freed; i++) {
      imagined.set(i, freed(group, nodes.get(i)));
    }
    return planner.find(group.spec, imagined, group.nodeOfPlaced());
  }

  /** Returns a node with nothing on it but what the group itself has there. */
  private static NodeView freed(Group group, NodeView node) {
    NodeView freed = NodeView.empty(node.node());
    for (int index : group.bundlesOn(node.nodeId()::equals)) {
      Resources resources = group.spec.bundles().get(index).resources();
      freed = freed.withTaken(resources, group.siteOf(index).deviceIndexes());
    }
    return freed;
  }

  /** Returns the ids of the nodes that a group is to leave to the one that has its turn. */
  Set<String> keptFrom(Group group) {
    Group first = guarded;
    boolean isKept =
        first != null
            && first.isWaiting()
            && group.state != GroupState.RESCHEDULING
            && group.order > first.order;
    return isKept ? kept : Set.of();
  }

  /** Returns why a group waits that would fit, if it is kept from nodes. */
  Optional<Explanation> whyKept(Group group) {
    Group first = guarded;
    if (first == null || keptFrom(group).isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        Explanation.of(
            "would fit, but %s %s kept for group [%s], which was asked for earlier and has waited long"
                .formatted(
                    addresses(), kept.size() == 1 ? "is" : "are", first.spec.displayName())));
  }

  /** Returns the explanation of a group's wait, with what is kept for it if it has its turn. */
  Explanation withTurn(Group group, Explanation why) {
    if (group != guarded) {
      return why;
    }
    String summary =
        "%s; groups that were asked for later are kept from %s"
            .formatted(why.summary(), addresses());
    return new Explanation(summary, why.obstacles(), why.remedies());
  }

  private String addresses() {
    return kept.stream().map(manager.cluster()::address).collect(Collectors.joining(", "));
  }
}
