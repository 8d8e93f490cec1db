package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.Remedy;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which other groups would have to go: one of the smallest that will do alone, else several, none
 * of which could stay as far as it was tried.
 *
 * @param trials tries the cluster without them
 * @param occupants what they hold
 */
record RemovalRemedy(Trials trials, List<Occupant> occupants) {
  private static final int MOST_ALONE = 10;

  Optional<Remedy> find() {
    List<String> smallestFirst = smallestFirst();
    Optional<String> one =
        smallestFirst.stream()
            .limit(MOST_ALONE)
            .filter(group -> fitsWithout(List.of(group)))
            .findFirst();
    return one.map(List::of).or(() -> several(smallestFirst)).map(Remedy.RemoveGroups::new);
  }

  private List<String> smallestFirst() {
    Map<String, Resources> held = new TreeMap<>();
    for (Occupant occupant : occupants) {
      held.merge(occupant.group(), occupant.resources(), Resources::plus);
    }
    Comparator<String> order = Comparator.comparingLong(group -> of(held, group, Resources.GPU));
    return held.keySet().stream()
        .sorted(order.thenComparingLong(group -> of(held, group, Resources.CPU)))
        .toList();
  }

  private static long of(Map<String, Resources> held, String group, String name) {
    return held.getOrDefault(group, Resources.NONE).get(name);
  }

  private Optional<List<String>> several(List<String> smallestFirst) {
    if (smallestFirst.size() < 2 || !fitsWithout(smallestFirst)) {
      return Optional.empty();
    }
    List<String> needed = new ArrayList<>(smallestFirst);
    for (int i = smallestFirst.size() - 1; i >= 0; i--) {
      List<String> fewer = new ArrayList<>(needed);
      fewer.remove(smallestFirst.get(i));
      if (fitsWithout(fewer)) {
        needed = fewer;
      }
    }
    return Optional.of(needed);
  }

  private boolean fitsWithout(List<String> groups) {
    if (trials.isUsedUp()) {
      return false;
    }
    Set<String> removed = Set.copyOf(groups);
    Map<String, NodeView> changed = new HashMap<>();
    trials.nodes().forEach(node -> changed.put(node.nodeId(), node));
    for (Occupant occupant : occupants) {
      if (removed.contains(occupant.group())) {
        changed.computeIfPresent(
            occupant.site().nodeId(),
            (id, node) -> node.withFreed(occupant.resources(), occupant.site().deviceIndexes()));
      }
    }
    return trials.fitsOn(List.copyOf(changed.values()));
  }
}
