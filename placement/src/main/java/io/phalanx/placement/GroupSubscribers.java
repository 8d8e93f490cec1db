package io.phalanx.placement;

import io.phalanx.placement.GroupEvent.GroupRemoved;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/**
 * Whom the events of each group go to; used by the {@link PlacementGroupManager} alone. It watches
 * the subscribers of groups that are not to outlive them.
 */
final class GroupSubscribers {
  private final ActorContext<?> context;
  private final Map<String, ActorRef<GroupEvent>> ofGroup = new HashMap<>();
  private final Map<ActorRef<GroupEvent>, Set<String>> owned = new HashMap<>();
  private final Map<String, List<ActorRef<GroupEvent>>> removers = new HashMap<>();

  GroupSubscribers(ActorContext<?> context) {
    this.context = context;
  }

  ActorRef<GroupEvent> of(String groupId) {
    return ofGroup.getOrDefault(groupId, context.getSystem().deadLetters());
  }

  void put(PlacementGroupSpec group, ActorRef<GroupEvent> subscriber) {
    forget(group.id());
    ofGroup.put(group.id(), subscriber);
    if (!group.options().detached()) {
      if (owned.computeIfAbsent(subscriber, actor -> new HashSet<>()).isEmpty()) {
        context.watch(subscriber);
      }
      owned.get(subscriber).add(group.id());
    }
  }

  /** Takes a subscriber that a ledger or an earlier manager knew, unless there is one. */
  void restore(PlacementGroupSpec group, ActorRef<GroupEvent> subscriber) {
    if (!ofGroup.containsKey(group.id())) {
      put(group, subscriber);
    }
  }

  /** Returns the groups that end with this actor. */
  List<String> endedWith(ActorRef<?> stopped) {
    return List.copyOf(owned.getOrDefault(stopped.unsafeUpcast(), Set.of()));
  }

  void addRemover(String groupId, ActorRef<GroupEvent> remover) {
    removers.computeIfAbsent(groupId, id -> new ArrayList<>()).add(remover);
  }

  /** Tells all who wait for it, and forgets them, that a group is removed. */
  void removed(String groupId) {
    Set<ActorRef<GroupEvent>> listeners = new HashSet<>();
    listeners.addAll(removers.getOrDefault(groupId, List.of()));
    removers.remove(groupId);
    if (ofGroup.containsKey(groupId)) {
      listeners.add(of(groupId));
      forget(groupId);
    }
    listeners.forEach(listener -> listener.tell(new GroupRemoved(groupId)));
  }

  private void forget(String groupId) {
    ActorRef<GroupEvent> subscriber = ofGroup.remove(groupId);
    Set<String> groups = subscriber == null ? null : owned.get(subscriber);
    if (subscriber != null && groups != null && groups.remove(groupId) && groups.isEmpty()) {
      owned.remove(subscriber);
      context.unwatch(subscriber);
    }
  }
}
