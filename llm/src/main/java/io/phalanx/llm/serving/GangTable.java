package io.phalanx.llm.serving;

import io.phalanx.llm.engine.Backlog;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The gangs of one deployment by their ordinals: which there are, which are to stop, and what is
 * known of their replicas.
 *
 * @param <G> how a gang is reached
 */
final class GangTable<G> {
  private static final class Entry<G> {
    private final G gang;
    private final String version;
    private Rollout.Phase phase = Rollout.Phase.STARTING;
    private List<ReplicaStatus> replicas = List.of();

    private Entry(G gang, String version) {
      this.gang = gang;
      this.version = version;
    }
  }

  private final Map<Integer, Entry<G>> entries = new TreeMap<>();

  /** Adds a gang of the version with this id. */
  void add(int ordinal, String version, G gang) {
    entries.put(ordinal, new Entry<>(gang, version));
  }

  /** Takes what is known of a gang; returns where it stands now if that has changed. */
  Optional<Rollout.Phase> update(int ordinal, Rollout.Phase phase, List<ReplicaStatus> replicas) {
    Entry<G> entry = entries.get(ordinal);
    if (entry == null) {
      return Optional.empty();
    }
    entry.replicas = replicas;
    boolean changes = entry.phase != Rollout.Phase.STOPPING && entry.phase != phase;
    entry.phase = changes ? phase : entry.phase;
    return changes ? Optional.of(phase) : Optional.empty();
  }

  void remove(int ordinal) {
    entries.remove(ordinal);
  }

  /** Returns the gang, which counts as stopping from now on. */
  Optional<G> stop(int ordinal) {
    Optional<Entry<G>> found = Optional.ofNullable(entries.get(ordinal));
    found.ifPresent(entry -> entry.phase = Rollout.Phase.STOPPING);
    return found.map(entry -> entry.gang);
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Returns an ordinal that no gang has: the wanted one if it is free. */
  int freeOrdinal(int wanted) {
    int ordinal = wanted;
    while (entries.containsKey(ordinal)) {
      ordinal++;
    }
    return ordinal;
  }

  /** Returns the gang that a replica of this name belongs to. */
  Optional<G> ofReplica(String name) {
    return entries.values().stream()
        .filter(entry -> entry.replicas.stream().anyMatch(replica -> replica.name().equals(name)))
        .map(entry -> entry.gang)
        .findFirst();
  }

  /** Returns the gangs as a roll-out sees them. */
  List<Rollout.Gang> view() {
    List<Rollout.Gang> view = new ArrayList<>();
    entries.forEach(
        (ordinal, entry) -> view.add(new Rollout.Gang(ordinal, entry.version, entry.phase)));
    return view;
  }

  /** Does something with each gang of a version. */
  void forEach(String version, Consumer<G> action) {
    entries.values().stream()
        .filter(entry -> entry.version.equals(version))
        .forEach(entry -> action.accept(entry.gang));
  }

  /** Returns how many gangs can answer. */
  int ready() {
    return count(phase -> phase == Rollout.Phase.READY);
  }

  /** Returns how many gangs finish their requests. */
  int stopping() {
    return count(phase -> phase == Rollout.Phase.STOPPING);
  }

  private int count(Predicate<Rollout.Phase> which) {
    return (int) entries.values().stream().filter(entry -> which.test(entry.phase)).count();
  }

  /** Returns the work of all replicas together. */
  Backlog backlog() {
    return replicas().stream().map(ReplicaStatus::backlog).reduce(Backlog.EMPTY, Backlog::plus);
  }

  /** Returns the names of all replicas, which are the ids of their groups. */
  Set<String> replicaNames() {
    Set<String> names = new HashSet<>();
    replicas().forEach(replica -> names.add(replica.name()));
    return names;
  }

  List<ReplicaStatus> replicas() {
    return entries.values().stream().flatMap(entry -> entry.replicas.stream()).toList();
  }
}
