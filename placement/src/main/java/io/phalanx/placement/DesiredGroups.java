package io.phalanx.placement;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides which parts of the desired state are to be written. A group is written once it has lived
 * for a whole tick: one that is gone before needs no successor's care, and of one that was created
 * the ledgers know.
 */
final class DesiredGroups {
  private final Map<Integer, List<DesiredGroup>> written = new HashMap<>();
  private final Set<String> writtenIds = new HashSet<>();

  /** Groups of which some replica may say that they are wanted. */
  private final Set<String> perhapsWanted = new HashSet<>();

  private Set<String> before = Set.of();

  /** Takes what an earlier manager wrote. */
  void loaded(List<DesiredGroup> groups) {
    for (DesiredGroup group : groups) {
      written
          .computeIfAbsent(DesiredBucket.of(group.groupId()), bucket -> new ArrayList<>())
          .add(group);
      writtenIds.add(group.groupId());
    }
    perhapsWanted.addAll(wanted(groups));
  }

  private static List<String> wanted(List<DesiredGroup> groups) {
    return groups.stream()
        .filter(group -> group.spec().isPresent())
        .map(DesiredGroup::groupId)
        .toList();
  }

  /** Returns whether a later manager may read that this group is wanted. */
  boolean isPerhapsWanted(String groupId) {
    return perhapsWanted.contains(groupId);
  }

  /** Returns the parts that differ from what is written, given all groups there are now. */
  Map<Integer, List<DesiredGroup>> changes(List<DesiredGroup> groups) {
    Map<Integer, List<DesiredGroup>> wanted = new HashMap<>();
    Set<String> now = new HashSet<>();
    for (DesiredGroup group : groups) {
      now.add(group.groupId());
      if (before.contains(group.groupId()) || writtenIds.contains(group.groupId())) {
        wanted
            .computeIfAbsent(DesiredBucket.of(group.groupId()), bucket -> new ArrayList<>())
            .add(group);
      }
    }
    before = now;
    written.keySet().forEach(bucket -> wanted.putIfAbsent(bucket, List.of()));
    wanted
        .entrySet()
        .removeIf(e -> e.getValue().equals(written.getOrDefault(e.getKey(), List.of())));
    wanted.values().forEach(groupsOfPart -> perhapsWanted.addAll(wanted(groupsOfPart)));
    return wanted;
  }

  /** A part is written; what is not is asked for again. */
  void written(int bucket, List<DesiredGroup> groups) {
    perhapsWanted.removeIf(groupId -> DesiredBucket.of(groupId) == bucket);
    perhapsWanted.addAll(wanted(groups));
    written.getOrDefault(bucket, List.of()).forEach(group -> writtenIds.remove(group.groupId()));
    groups.forEach(group -> writtenIds.add(group.groupId()));
    if (groups.isEmpty()) {
      written.remove(bucket);
    } else {
      written.put(bucket, groups);
    }
  }
}
