package io.phalanx.llm.serving;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * The choice among a model's replicas as one ingress sees them: of two drawn at random, the one
 * with less work.
 *
 * <p>The work of a replica is what it last reported and what was sent to it since; reports of the
 * ingress's own requests that have ended are not counted twice, since each report replaces the
 * last.
 *
 * @param <R> a replica
 */
final class ReplicaChoice<R> {

  private static final class Load {
    private int reported;
    private int sentSinceReport;
    private int own;

    private int score() {
      return Math.max(own, reported + sentSinceReport);
    }
  }

  private final Map<R, Load> loads = new LinkedHashMap<>();
  private final RandomGenerator random;
  private final int maxOngoing;

  ReplicaChoice(RandomGenerator random, int maxOngoing) {
    this.random = random;
    this.maxOngoing = maxOngoing;
  }

  /** Returns whether the replica was not known before. */
  boolean add(R replica) {
    return loads.putIfAbsent(replica, new Load()) == null;
  }

  void remove(R replica) {
    loads.remove(replica);
  }

  int size() {
    return loads.size();
  }

  List<R> replicas() {
    return List.copyOf(loads.keySet());
  }

  /** Takes what a replica says about its own backlog. */
  void report(R replica, int backlogRequests) {
    Load load = loads.get(replica);
    if (load != null) {
      load.reported = backlogRequests;
      load.sentSinceReport = 0;
    }
  }

  /** Counts a request that is sent to the replica. */
  void sent(R replica) {
    Load load = loads.get(replica);
    if (load != null) {
      load.sentSinceReport++;
      load.own++;
    }
  }

  /** Counts a request of this ingress that has ended at the replica. */
  void ended(R replica) {
    Load load = loads.get(replica);
    if (load != null) {
      load.own--;
    }
  }

  /** Returns the replica that a request should go to; empty if all are full or there is none. */
  Optional<R> pick() {
    List<R> open = new ArrayList<>();
    loads.forEach(
        (replica, load) -> {
          if (load.score() < maxOngoing) {
            open.add(replica);
          }
        });
    if (open.size() < 2) {
      return open.stream().findFirst();
    }
    R first = open.remove(random.nextInt(open.size()));
    R second = open.get(random.nextInt(open.size()));
    return Optional.of(score(second) < score(first) ? second : first);
  }

  private int score(R replica) {
    Load load = loads.get(replica);
    return load == null ? Integer.MAX_VALUE : load.score();
  }
}
