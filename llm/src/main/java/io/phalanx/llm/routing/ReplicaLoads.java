package io.phalanx.llm.routing;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * How busy a model's replicas are, as one ingress sees them.
 *
 * <p>The load of a replica is what it last reported and what was sent to it since; reports of the
 * ingress's own requests that have ended are not counted twice, since each report replaces the
 * last.
 *
 * @param <R> a replica
 */
public final class ReplicaLoads<R> {

  private static final class Load {
    private final ServiceRate rate = new ServiceRate();
    private int reported;
    private long reportedTokens = -1;
    private int sent;
    private long sentTokens;
    private int own;

    private int requests() {
      return Math.max(own, reported + sent);
    }
  }

  private final Map<R, Load> loads = new LinkedHashMap<>();
  private int maxOngoing;

  /**
   * Creates the loads of no replica.
   *
   * @param maxOngoing most requests that one replica holds, running and waiting
   */
  public ReplicaLoads(int maxOngoing) {
    this.maxOngoing = maxOngoing;
  }

  /** Changes the most requests that one replica holds. */
  public void maxOngoing(int requests) {
    maxOngoing = requests;
  }

  /** Returns whether the replica was not known before. */
  public boolean add(R replica) {
    return loads.putIfAbsent(replica, new Load()) == null;
  }

  /** Forgets a replica; one that is not known stays so. */
  public void remove(R replica) {
    loads.remove(replica);
  }

  /** Returns how many replicas there are. */
  public int size() {
    return loads.size();
  }

  /** Returns the replicas, the longest known first. */
  public List<R> replicas() {
    return List.copyOf(loads.keySet());
  }

  /** Takes how many requests a replica says that it holds. */
  public void report(R replica, int requests) {
    Load load = loads.get(replica);
    if (load != null) {
      load.reported = requests;
      load.sent = 0;
    }
  }

  /** Takes it that a replica holds as many requests as it may. */
  public void full(R replica) {
    report(replica, maxOngoing);
  }

  /** Takes what a replica says of its work at {@code nanos}. */
  public void report(R replica, Backlog backlog, EngineStats stats, long nanos) {
    report(replica, backlog.requests());
    Load load = loads.get(replica);
    if (load != null) {
      load.reportedTokens = backlog.tokens();
      load.sentTokens = 0;
      load.rate.report(backlog, stats, nanos);
    }
  }

  /** Counts a request of about so many tokens that is sent to the replica. */
  public void sent(R replica, long tokens) {
    Load load = loads.get(replica);
    if (load != null) {
      load.sent++;
      load.sentTokens += tokens;
      load.own++;
    }
  }

  /** Counts a request of this ingress that has ended at the replica. */
  public void ended(R replica) {
    Load load = loads.get(replica);
    if (load != null) {
      load.own--;
    }
  }

  /** Returns the replicas that may be sent a request, the longest known first. */
  public List<R> open() {
    List<R> open = new ArrayList<>(loads.size());
    loads.forEach(
        (replica, load) -> {
          if (load.requests() < maxOngoing) {
            open.add(replica);
          }
        });
    return open;
  }

  /** Returns the requests that a replica holds; as many as can be of one that is not known. */
  public int requests(R replica) {
    Load load = loads.get(replica);
    return load == null ? Integer.MAX_VALUE : load.requests();
  }

  /** Returns the requests of the least busy replica; 0 without any. */
  public int leastRequests() {
    return loads.values().stream().mapToInt(Load::requests).min().orElse(0);
  }

  /**
   * Returns whether a replica has less to do than another: fewer tokens where both have told
   * theirs, else fewer requests.
   */
  public boolean isLessBusy(R replica, R than) {
    Load one = loads.get(replica);
    Load other = loads.get(than);
    if (one == null || other == null) {
      return one != null;
    }
    long difference =
        one.reportedTokens < 0 || other.reportedTokens < 0
            ? 0
            : one.reportedTokens + one.sentTokens - other.reportedTokens - other.sentTokens;
    return difference == 0 ? one.requests() < other.requests() : difference < 0;
  }

  /** Returns whether a replica starts a request at once if each runs at most so many. */
  boolean anyStartsAtOnce(int maxRunning) {
    return leastRequests() < Math.min(maxRunning, maxOngoing) && !loads.isEmpty();
  }

  /** Returns how many requests run if each replica runs at most so many. */
  int running(int maxRunning) {
    return loads.values().stream().mapToInt(load -> Math.min(maxRunning, load.requests())).sum();
  }

  /** Returns the tokens of the requests that wait in replicas which run at most so many. */
  double waitingTokens(int maxRunning) {
    double tokens = 0;
    for (Load load : loads.values()) {
      int requests = load.requests();
      double share = requests <= maxRunning ? 0 : 1 - (double) maxRunning / requests;
      tokens += share * (Math.max(0, load.reportedTokens) + load.sentTokens);
    }
    return tokens;
  }

  /** Returns how many tokens a second all replicas do together; empty if no rate is known. */
  OptionalDouble tokensPerSecond() {
    double sum = 0;
    int known = 0;
    for (Load load : loads.values()) {
      OptionalDouble rate = load.rate.tokensPerSecond();
      sum += rate.orElse(0);
      known += rate.isPresent() ? 1 : 0;
    }
    return known == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum * loads.size() / known);
  }

  /** Returns the less busy of two replicas. */
  R lessBusy(R one, R other) {
    return isLessBusy(other, one) ? other : one;
  }

  /** Returns the replica with the fewest requests of some, or null if there are none. */
  @Nullable R leastOf(List<R> some) {
    R best = null;
    for (R replica : some) {
      best = best == null || requests(replica) < requests(best) ? replica : best;
    }
    return best;
  }
}
