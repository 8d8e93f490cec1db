package io.phalanx.placement.reservation;

import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.SchedulingDetail;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/** Leads groups from one {@link GroupState} to the next and tells whoever asked for them. */
final class GroupLife {
  private final ManagerState manager;
  private final Set<String> removedUnseen = new LinkedHashSet<>();
  private boolean active;

  GroupLife(ManagerState manager) {
    this.manager = manager;
  }

  boolean isActive() {
    return active;
  }

  void deactivate() {
    active = false;
  }

  /** Removals that waited for the nodes to tell what they hold are confirmed where none does. */
  void activate() {
    active = true;
    for (String groupId : removedUnseen) {
      if (manager.groups().get(groupId) == null) {
        manager.outbox().add(new Effect.Removed(groupId));
      }
    }
    removedUnseen.clear();
  }

  Group begin(PlacementGroupSpec spec) {
    removedUnseen.remove(spec.id());
    Group group = new Group(spec, new GroupTimes(manager.clock().nanoTime()));
    group.claimed = true;
    group.waitsSince = manager.clock().now();
    manager.groups().add(group);
    return group;
  }

  /**
   * A group that only turned up on a node is asked for, or proves to have been committed.
   *
   * @return whether that is news
   */
  boolean claim(Group group) {
    if (group.claimed || group.isRemoved()) {
      return false;
    }
    group.claimed = true;
    group.waitsSince = manager.clock().now();
    manager.groups().add(group);
    return true;
  }

  /** A group turned up on a node; one that was removed meanwhile stays removed. */
  Group found(PlacementGroupSpec spec) {
    Group group = new Group(spec, new GroupTimes(manager.clock().nanoTime()));
    if (manager.groups().isBuried(spec.id())) {
      group.state = GroupState.REMOVED;
      group.detail = SchedulingDetail.REMOVED;
    }
    manager.groups().add(group);
    return group;
  }

  void tellCreated(Group group) {
    manager.outbox().add(new Effect.Created(group.id(), new TreeMap<>(group.sites)));
  }

  /** The group has all its bundles, or some are still to be placed. */
  void settle(Group group) {
    boolean isSettled = group.isRemoved() || group.state == GroupState.CREATED;
    if (isSettled || !group.claimed || group.reservation != null) {
      return;
    }
    if (group.isComplete()) {
      group.state = GroupState.CREATED;
      group.detail = SchedulingDetail.FINISHED;
      group.explanation = Explanation.NONE;
      group.wasCreated = true;
      group.retry.succeeded();
      group.times.created(manager.clock().nanoTime());
      tellCreated(group);
    } else {
      group.state = group.waitingState();
      manager.groups().enqueue(group);
    }
  }

  /** Bundles are no longer where they were. */
  void lose(Group group, List<Integer> lost, String reason) {
    if (lost.isEmpty()) {
      return;
    }
    lost.forEach(group.sites::remove);
    group.waitsSince = manager.clock().now();
    group.retry.tryAnew();
    group.explanation = Explanation.NONE;
    if (group.reservation == null) {
      group.state = group.waitingState();
      group.detail = SchedulingDetail.QUEUED;
      manager.groups().enqueue(group);
    }
    manager.outbox().add(new Effect.Rescheduling(group.id(), List.copyOf(lost), reason));
  }

  void markRemoved(Group group) {
    group.state = GroupState.REMOVED;
    group.detail = SchedulingDetail.REMOVED;
    group.explanation = Explanation.NONE;
    group.reservation = null;
    group.sites.clear();
    group.releases.clear();
    manager.groups().forgetName(group);
  }

  /** Until all nodes have told what they hold, a removed group may yet turn up on one of them. */
  void confirmRemoval(String groupId) {
    manager.groups().bury(groupId);
    if (active) {
      manager.outbox().add(new Effect.Removed(groupId));
    } else {
      removedUnseen.add(groupId);
    }
  }

  /** Forgets a group that nobody wants and no node holds any more. */
  void forgetIfOver(Group group) {
    boolean isUnwanted = group.isRemoved() || !group.claimed;
    if (isUnwanted && group.releases.isEmpty()) {
      manager.groups().forget(group);
    }
    if (group.isRemoved() && group.releases.isEmpty()) {
      confirmRemoval(group.id());
    }
  }
}
