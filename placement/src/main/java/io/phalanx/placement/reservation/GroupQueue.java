package io.phalanx.placement.reservation;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.SchedulingDetail;
import io.phalanx.placement.scheduling.PlacementPlanner;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The groups that wait for a place. Each is planned on its own, those that lost bundles first, so
 * that none keeps another from what it does not need itself; an {@link AgeingGuard} keeps nodes for
 * a group that has waited long.
 */
final class GroupQueue {
  private final ManagerState manager;
  private final PlacementPlanner planner;
  private final Reservations reservations;
  private final AgeingGuard guard;

  /** What did not fit since something was last freed; what is equal need not be planned. */
  private final Set<Wish> unplaceable = new HashSet<>();

  /** Explanations of this tick, since many groups may wait for the same. */
  private final Map<Wish, PlanResult> explained = new HashMap<>();

  private long unplaceableVersion;

  private record Wish(List<Bundle> bundles, PlacementStrategy strategy, PlacementOptions options) {

    static Wish of(PlacementGroupSpec spec) {
      return new Wish(spec.bundles(), spec.strategy(), spec.options());
    }
  }

  GroupQueue(ManagerState manager, PlacementPlanner planner, Reservations reservations) {
    this.manager = manager;
    this.planner = planner;
    this.reservations = reservations;
    this.guard = new AgeingGuard(manager, planner);
  }

  /** Starts a reservation for each waiting group that has a plan. */
  void schedule() {
    if (unplaceableVersion != manager.cluster().freedVersion()) {
      unplaceableVersion = manager.cluster().freedVersion();
      unplaceable.clear();
    }
    for (Group group : manager.groups().waiting()) {
      if (group.retry.isDue(manager.cluster(), manager.clock())) {
        tryToPlace(group);
      }
    }
  }

  private void tryToPlace(Group group) {
    Optional<PlanResult.Planned> plan = isHopeless(group) ? Optional.empty() : find(group);
    TickClock clock = manager.clock();
    group.retry.tried(manager.cluster(), clock.after(manager.settings().retryInterval()));
    if (plan.isPresent()) {
      reservations.start(group, plan.get());
    } else if (group.explanation.equals(Explanation.NONE)) {
      report(group, true);
    }
  }

  /** Returns whether an equal group did not fit and nothing was freed since. */
  private boolean isHopeless(Group group) {
    return isUntouched(group)
        && !group.retry.isOverdue(manager.clock())
        && unplaceable.contains(Wish.of(group.spec));
  }

  private static boolean isUntouched(Group group) {
    return group.sites.isEmpty() && group.releases.isEmpty();
  }

  private Optional<PlanResult.Planned> find(Group group) {
    Set<String> kept = guard.keptFrom(group);
    List<NodeView> allowed =
        candidates(group).stream().filter(node -> !kept.contains(node.nodeId())).toList();
    Optional<PlanResult.Planned> plan = planner.find(group.spec, allowed, group.nodeOfPlaced());
    if (plan.isEmpty() && kept.isEmpty() && isUntouched(group)) {
      unplaceable.add(Wish.of(group.spec));
    }
    return plan;
  }

  /** Returns the nodes to plan on: not those that have yet to free an earlier attempt. */
  private List<NodeView> candidates(Group group) {
    return manager.cluster().reachable().stream()
        .filter(node -> !group.releases.containsKey(node.nodeId()))
        .toList();
  }

  /** Decides for whom nodes are kept; before groups are placed in this tick. */
  void guard(boolean active) {
    if (active) {
      guard.tick();
    } else {
      guard.end();
    }
  }

  /** Tells, every {@code report-interval}, why groups wait. */
  void tick(boolean active) {
    explained.clear();
    for (Group group : manager.groups().waiting()) {
      if (group.reportAt <= manager.clock().now()) {
        report(group, active);
      }
    }
  }

  /** Tells why a group waits. */
  void report(Group group, boolean active) {
    group.reportAt = manager.clock().after(manager.settings().reportInterval());
    explain(group, active);
    manager
        .outbox()
        .add(new Effect.Pending(group.id(), group.state, group.detail, group.explanation));
  }

  /** Finds out why a group waits, if it does. */
  void explain(Group group, boolean active) {
    if (!group.isWaiting()) {
      return;
    }
    if (!active) {
      group.explanation = Explanation.of("waits until most worker nodes have answered");
      return;
    }
    PlanResult why = why(group);
    if (why instanceof PlanResult.NoResources noResources) {
      group.detail = SchedulingDetail.NO_RESOURCES;
      group.explanation = guard.withTurn(group, noResources.explanation());
    } else if (why instanceof PlanResult.Infeasible infeasible) {
      group.detail = SchedulingDetail.INFEASIBLE;
      group.explanation = infeasible.explanation();
    } else if (guard.whyKept(group).isPresent()) {
      group.detail = SchedulingDetail.NO_RESOURCES;
      group.explanation = guard.whyKept(group).get();
    } else {
      group.explanation = Explanation.of("is tried again in a moment");
    }
  }

  private PlanResult why(Group group) {
    return isUntouched(group)
        ? explained.computeIfAbsent(Wish.of(group.spec), wish -> plan(group))
        : plan(group);
  }

  private PlanResult plan(Group group) {
    return planner.plan(
        group.spec, candidates(group), group.nodeOfPlaced(), manager.groups().occupantsBut(group));
  }
}
