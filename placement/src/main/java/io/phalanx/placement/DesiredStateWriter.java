package io.phalanx.placement;

import io.phalanx.placement.DesiredState.Loaded;
import io.phalanx.placement.DesiredState.Written;
import io.phalanx.placement.reservation.GroupScheduler;
import io.phalanx.placement.reservation.GroupSnapshot;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Keeps the desired state in line with the scheduler's groups, once per tick and one write of a
 * part at a time; used by the {@link PlacementGroupManager} alone.
 */
final class DesiredStateWriter {
  private final ActorRef<DesiredState.Command> store;
  private final GroupScheduler scheduler;
  private final GroupSubscribers subscribers;
  private final DesiredGroups groups = new DesiredGroups();
  private final Set<Integer> inFlight = new HashSet<>();
  private final Set<String> removedUnwritten = new HashSet<>();
  private boolean loaded;

  DesiredStateWriter(
      ActorRef<DesiredState.Command> store,
      GroupScheduler scheduler,
      GroupSubscribers subscribers) {
    this.store = store;
    this.scheduler = scheduler;
    this.subscribers = subscribers;
  }

  boolean isLoaded() {
    return loaded;
  }

  /** Makes what earlier managers were asked for the scheduler's business. */
  void onLoaded(Loaded event) {
    loaded = true;
    groups.loaded(event.groups());
    for (DesiredGroup group : event.groups()) {
      if (group.spec().isPresent()) {
        scheduler.restore(group.spec().get());
        subscribers.restore(group.spec().get(), group.subscriber());
      } else {
        scheduler.restoreRemoved(group.groupId());
      }
    }
  }

  void onWritten(Written event) {
    inFlight.remove(event.bucket());
    if (event.done()) {
      groups.written(event.bucket(), event.content().groups());
    }
    for (String groupId : List.copyOf(removedUnwritten)) {
      if (!groups.isPerhapsWanted(groupId)) {
        confirmRemoval(groupId);
      }
    }
  }

  /** Tells that a group is removed once no later manager can bring it back. */
  void onRemoved(String groupId) {
    removedUnwritten.add(groupId);
    if (!groups.isPerhapsWanted(groupId)) {
      confirmRemoval(groupId);
    }
  }

  /** A group is asked for under the id of one whose removal may not be told yet. */
  void onCreate(String groupId) {
    if (removedUnwritten.contains(groupId)) {
      confirmRemoval(groupId);
    }
  }

  private void confirmRemoval(String groupId) {
    removedUnwritten.remove(groupId);
    subscribers.removed(groupId);
  }

  /** Writes what has changed, if earlier writes have been answered. */
  void tick(Epoch epoch) {
    if (!inFlight.isEmpty()) {
      return;
    }
    Map<Integer, List<DesiredGroup>> changes = groups.changes(now());
    changes.forEach(
        (bucket, content) -> {
          inFlight.add(bucket);
          store.tell(new DesiredState.Write(bucket, new DesiredBucket(epoch, content)));
        });
  }

  private List<DesiredGroup> now() {
    List<DesiredGroup> now = new ArrayList<>();
    Set<String> removed = new HashSet<>(scheduler.tombstones());
    for (GroupSnapshot group : scheduler.groups()) {
      String groupId = group.spec().id();
      if (group.state() == GroupState.REMOVED) {
        removed.add(groupId);
      } else {
        removed.remove(groupId);
        now.add(new DesiredGroup(groupId, Optional.of(group.spec()), subscribers.of(groupId)));
      }
    }
    removed.forEach(id -> now.add(new DesiredGroup(id, Optional.empty(), subscribers.of(id))));
    return now;
  }
}
