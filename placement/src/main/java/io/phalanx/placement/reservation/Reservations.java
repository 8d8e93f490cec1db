package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.SchedulingDetail;
import io.phalanx.runtime.error.ErrorCode;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The protocol with the nodes: attempts to reserve bundles, and releases, each repeated until it is
 * answered. One message per node and phase carries all bundles of a group.
 */
final class Reservations {
  private final ManagerState manager;
  private final GroupLife life;
  private long attempt;

  Reservations(ManagerState manager, GroupLife life) {
    this.manager = manager;
    this.life = life;
  }

  void start(Group group, PlanResult.Planned plan) {
    attempt++;
    group.times.attempted(manager.clock().nanoTime());
    group.detail = SchedulingDetail.SCHEDULING_STARTED;
    plan.sites().forEach((index, site) -> hold(group, index, site));
    Reservation reservation =
        new Reservation(group.spec, attempt, plan.sites(), manager.clock().now());
    group.reservation = reservation;
    manager.outbox().addAll(reservation.messages());
  }

  /** Counts what is being reserved on a node as held there. */
  void holdAgain(Group group, String nodeId) {
    if (group.reservation != null) {
      group.reservation.sitesOn(nodeId).forEach((index, site) -> hold(group, index, site));
    }
  }

  private void hold(Group group, int index, BundleSite site) {
    manager
        .cluster()
        .hold(
            site.nodeId(),
            group.spec.bundleId(index),
            group.spec.bundles().get(index).resources(),
            site.deviceIndexes());
  }

  /** A node holds the bundles of an attempt. */
  void held(String nodeId, Group group, long itsAttempt, BundlePhase phase) {
    Reservation reservation = group.reservation;
    if (reservation == null || reservation.attempt() != itsAttempt) {
      return;
    }
    reservation.held(nodeId, phase);
    if (reservation.isPrepared()) {
      group.state = GroupState.PREPARED;
      reservation.startCommit(manager.clock().now());
      manager.outbox().addAll(reservation.messages());
    } else if (reservation.isComplete()) {
      complete(group, reservation);
    }
  }

  private void complete(Group group, Reservation reservation) {
    reservation.sitesOfNode().values().forEach(group.sites::putAll);
    group.reservation = null;
    life.settle(group);
  }

  /** A node did not do as it was told. */
  void refused(String nodeId, Group group, long itsAttempt, ErrorCode code) {
    Reservation reservation = group.reservation;
    if (reservation == null || reservation.attempt() != itsAttempt) {
      return;
    }
    for (int index : reservation.drop(nodeId).keySet()) {
      manager.cluster().free(nodeId, group.spec.bundleId(index));
    }
    if (code == ErrorCode.BUNDLE_NOT_PREPARED) {
      group.detail = SchedulingDetail.FAILED_TO_COMMIT_RESOURCES;
    }
    afterDrop(group, reservation);
  }

  void nodeLost(String nodeId, Group group) {
    group.releases.remove(nodeId);
    life.forgetIfOver(group);
    Reservation reservation = group.reservation;
    if (reservation != null && reservation.concerns(nodeId)) {
      reservation.drop(nodeId);
      afterDrop(group, reservation);
    }
  }

  /** One node less: while preparing the attempt is given up, while committing the rest goes on. */
  private void afterDrop(Group group, Reservation reservation) {
    if (reservation.phase() == Reservation.Phase.PREPARING) {
      giveUp(group, reservation, group.detail);
    } else if (reservation.isComplete()) {
      complete(group, reservation);
    }
  }

  private void giveUp(Group group, Reservation reservation, SchedulingDetail detail) {
    group.reservation = null;
    group.state = group.waitingState();
    group.detail =
        detail == SchedulingDetail.FAILED_TO_COMMIT_RESOURCES ? detail : SchedulingDetail.QUEUED;
    group.explanation = Explanation.NONE;
    group.retry.failed(manager.clock(), manager.settings().maxRetryDelay());
    reservation.sitesOfNode().forEach((nodeId, sites) -> release(group, nodeId, sites.keySet()));
    manager.groups().enqueue(group);
  }

  /** Frees all that a group holds or is being given, at whatever point it is. */
  void remove(Group group) {
    Set<String> nodes = new HashSet<>(group.releases.keySet());
    group.sites.values().forEach(site -> nodes.add(site.nodeId()));
    if (group.reservation != null) {
      nodes.addAll(group.reservation.sitesOfNode().keySet());
    }
    life.markRemoved(group);
    nodes.forEach(nodeId -> release(group, nodeId, Set.of()));
    life.forgetIfOver(group);
  }

  /** Frees a bundle that a node holds and its group does not need there. */
  void releaseStray(Group group, String nodeId, int index) {
    Set<Integer> bundles = new HashSet<>();
    if (!group.isRemoved()) {
      bundles.add(index);
      Effect.Release pending = group.releases.get(nodeId);
      bundles.addAll(pending == null ? Set.of() : pending.bundles());
    }
    release(group, nodeId, bundles);
  }

  private void release(Group group, String nodeId, Set<Integer> bundles) {
    Effect.Release release = new Effect.Release(nodeId, attempt, group.id(), Set.copyOf(bundles));
    group.releases.put(nodeId, release);
    group.releasesSentAt = manager.clock().now();
    manager.outbox().add(release);
  }

  /** A node has freed what the attempt, or an earlier one, had reserved. */
  void released(String nodeId, Group group, long itsAttempt) {
    Effect.Release release = group.releases.get(nodeId);
    if (release == null || release.attempt() != itsAttempt) {
      return;
    }
    group.releases.remove(nodeId);
    for (BundleId bundle : manager.cluster().heldOn(nodeId, group.id())) {
      if (release.bundles().isEmpty() || release.bundles().contains(bundle.index())) {
        manager.cluster().free(nodeId, bundle);
      }
    }
    life.forgetIfOver(group);
    if (life.isActive()) {
      life.settle(group);
    }
  }

  /** Repeats what was not answered, and gives up attempts that take too long. */
  void tick(Group group) {
    if (group.reservation != null) {
      tick(group, group.reservation);
    }
    boolean silent =
        manager.clock().isOver(group.releasesSentAt, manager.settings().resendInterval());
    if (!group.releases.isEmpty() && silent) {
      group.releases.values().forEach(manager.outbox()::add);
      group.releasesSentAt = manager.clock().now();
    }
  }

  private void tick(Group group, Reservation reservation) {
    TickClock clock = manager.clock();
    boolean isPreparing = reservation.phase() == Reservation.Phase.PREPARING;
    if (isPreparing
        && clock.isOver(reservation.startedAt(), manager.settings().reservationTimeout())) {
      giveUp(group, reservation, SchedulingDetail.QUEUED);
    } else if (clock.isOver(reservation.sentAt(), manager.settings().resendInterval())) {
      manager.outbox().addAll(reservation.messages());
      reservation.sentAgain(clock.now());
    }
  }

  /** Returns the sites that an attempt is asking for; empty if none is under way. */
  static Map<Integer, BundleSite> askedOn(Group group, String nodeId) {
    return group.reservation == null ? Map.of() : group.reservation.sitesOn(nodeId);
  }
}
