package io.phalanx.llm.serving;

import io.phalanx.llm.engine.Backlog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The gangs of one deployment by their ordinals: which there are, which are to stop, and what is
 * known of their replicas.
 *
 * @param <G> how a gang is reached
 */
final class GangTable<G> {
  private static final class Entry<G> {
    private final G gang;
    private boolean stopping;
    private List<ReplicaStatus> replicas = List.of();

    private Entry(G gang) {
      this.gang = gang;
    }
  }

  private final Map<Integer, Entry<G>> entries = new TreeMap<>();

  void add(int ordinal, G gang) {
    entries.put(ordinal, new Entry<>(gang));
  }

  void update(int ordinal, List<ReplicaStatus> replicas) {
    Entry<G> entry = entries.get(ordinal);
    if (entry != null) {
      entry.replicas = replicas;
    }
  }

  void remove(int ordinal) {
    entries.remove(ordinal);
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Returns the gangs beyond the first {@code target}, which count as stopping from now on. */
  List<G> stopSurplus(int target) {
    List<G> surplus = new ArrayList<>();
    List<Entry<G>> kept = entries.values().stream().filter(entry -> !entry.stopping).toList();
    for (Entry<G> entry : kept.subList(Math.min(target, kept.size()), kept.size())) {
      entry.stopping = true;
      surplus.add(entry.gang);
    }
    return surplus;
  }

  /** Returns free ordinals for the gangs that are missing of {@code target}. */
  List<Integer> missing(int target) {
    List<Integer> ordinals = new ArrayList<>();
    long kept = entries.values().stream().filter(entry -> !entry.stopping).count();
    for (int ordinal = 0; kept + ordinals.size() < target; ordinal++) {
      if (!entries.containsKey(ordinal)) {
        ordinals.add(ordinal);
      }
    }
    return ordinals;
  }

  /** Returns how many gangs can answer. */
  int ready() {
    return (int)
        entries.values().stream()
            .filter(entry -> !entry.replicas.isEmpty())
            .filter(entry -> entry.replicas.stream().allMatch(r -> r.state() == ReplicaState.READY))
            .count();
  }

  /** Returns the work of all replicas together. */
  Backlog backlog() {
    return replicas().stream().map(ReplicaStatus::backlog).reduce(Backlog.EMPTY, Backlog::plus);
  }

  List<ReplicaStatus> replicas() {
    return entries.values().stream().flatMap(entry -> entry.replicas.stream()).toList();
  }
}
