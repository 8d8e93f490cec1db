package io.phalanx.placement.reservation;

import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import io.phalanx.placement.scheduling.Occupant;
import io.phalanx.runtime.error.ErrorCode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All groups by id and name, in the order in which they were asked for, and the ids of removed ones
 * of which a node that has not been heard may still hold bundles.
 */
final class GroupTable {
  private static final int MOST_TOMBSTONES = 10_000;

  private final Map<String, Group> groups = new LinkedHashMap<>();
  private final Map<String, String> idOfName = new HashMap<>();
  private final Set<String> tombstones = new LinkedHashSet<>();
  private final Set<Group> waiting = new LinkedHashSet<>();
  private int added;

  @Nullable Group get(String groupId) {
    return groups.get(groupId);
  }

  Optional<Group> find(String idOrName) {
    Group byId = groups.get(idOrName);
    String id = idOfName.get(idOrName);
    return Optional.ofNullable(byId == null && id != null ? groups.get(id) : byId);
  }

  Collection<Group> all() {
    return groups.values();
  }

  /** Returns all groups, which may then change while they are walked through. */
  List<Group> copy() {
    return List.copyOf(groups.values());
  }

  /** Returns what all groups but one hold on the nodes. */
  List<Occupant> occupantsBut(Group group) {
    List<Occupant> occupants = new ArrayList<>();
    for (Group other : groups.values()) {
      if (other != group) {
        other.sites.forEach(
            (index, site) ->
                occupants.add(
                    new Occupant(
                        other.spec.displayName(),
                        site,
                        other.spec.bundles().get(index).resources())));
      }
    }
    return occupants;
  }

  /** Returns why no group can be asked for with this id or name, or nothing. */
  Optional<Refusal> refusal(PlacementGroupSpec spec) {
    Group known = groups.get(spec.id());
    String holder = idOfName.get(spec.name());
    if (known != null && known.isRemoved()) {
      return refuse(
          ErrorCode.NOT_READY,
          "group [%s] is being removed; ask again when it is".formatted(spec.id()));
    }
    if (known != null && !known.spec.equals(spec)) {
      return refuse(
          ErrorCode.INVALID_CONFIGURATION,
          "group [%s] exists with other bundles; remove it first".formatted(spec.id()));
    }
    if (holder != null && !holder.equals(spec.id())) {
      return refuse(
          ErrorCode.INVALID_CONFIGURATION,
          "name [%s] is that of group [%s]; choose another or remove that group"
              .formatted(spec.name(), holder));
    }
    return Optional.empty();
  }

  private static Optional<Refusal> refuse(ErrorCode code, String reason) {
    return Optional.of(new Refusal(code, reason));
  }

  void add(Group group) {
    tombstones.remove(group.id());
    group.order = groups.containsKey(group.id()) ? group.order : added++;
    groups.put(group.id(), group);
    if (group.claimed && !group.spec.name().isEmpty()) {
      idOfName.putIfAbsent(group.spec.name(), group.id());
    }
    enqueue(group);
  }

  /** Notes that a group may wait for a place. */
  void enqueue(Group group) {
    waiting.add(group);
  }

  /** Returns the groups that wait, those that lost bundles first. */
  List<Group> waiting() {
    waiting.removeIf(group -> !group.isWaiting());
    List<Group> ordered = new ArrayList<>(waiting);
    ordered.sort(Comparator.comparing(group -> group.state != GroupState.RESCHEDULING));
    return ordered;
  }

  /** Frees the name of a group that is being removed. */
  void forgetName(Group group) {
    idOfName.remove(group.spec.name(), group.id());
  }

  void forget(Group group) {
    groups.remove(group.id());
    waiting.remove(group);
    forgetName(group);
  }

  /** Notes that a group is removed, should it turn up on a node. */
  void bury(String groupId) {
    tombstones.add(groupId);
    if (tombstones.size() > MOST_TOMBSTONES) {
      tombstones.remove(tombstones.iterator().next());
    }
  }

  boolean isBuried(String groupId) {
    return tombstones.contains(groupId);
  }

  Set<String> tombstones() {
    return tombstones;
  }
}
