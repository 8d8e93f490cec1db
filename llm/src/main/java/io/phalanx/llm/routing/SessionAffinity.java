package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Sends the requests of a session to one replica, the same from every ingress, as long as it is not
 * much busier than others; requests without a session go by another policy.
 *
 * @param <R> a replica
 */
/*
 * Rendezvous hashing: each session ranks the replicas by a hash of both. A replica that comes takes
 * its share of the sessions and a replica that goes gives its own away; all others stay. A session whose
 * replica is overloaded goes to the next in its own ranking, so that it returns there while that lasts.
 */
public final class SessionAffinity<R> implements ReplicaPicker<R> {
  private final ReplicaPicker<R> otherwise;
  private final Function<R, String> name;
  private final int imbalanceThreshold;
  private final Map<R, Long> hashes = new HashMap<>();

  /**
   * Creates the policy.
   *
   * @param otherwise for requests without a session, and when every replica is overloaded
   * @param name a replica's name, the same on every ingress
   * @param imbalanceThreshold requests more than the least busy one's that make a replica
   *     overloaded
   */
  public SessionAffinity(
      ReplicaPicker<R> otherwise, Function<R, String> name, int imbalanceThreshold) {
    this.otherwise = otherwise;
    this.name = name;
    this.imbalanceThreshold = imbalanceThreshold;
  }

  @Override
  public Optional<R> pick(GenerationRequest request, ReplicaLoads<R> loads) {
    Optional<String> session = request.terms().sessionId();
    return session.flatMap(id -> ofSession(id, loads)).or(() -> otherwise.pick(request, loads));
  }

  private Optional<R> ofSession(String session, ReplicaLoads<R> loads) {
    int most = loads.leastRequests() + imbalanceThreshold;
    List<R> open = loads.open();
    return open.stream()
        .filter(replica -> loads.requests(replica) < most)
        .max(Comparator.comparingLong(replica -> weight(session, replica)));
  }

  private long weight(String session, R replica) {
    long own = hashes.computeIfAbsent(replica, any -> Hashing.of(name.apply(any)));
    return Hashing.mix(Hashing.of(session), own);
  }

  @Override
  public void sent(GenerationRequest request, R replica) {
    otherwise.sent(request, replica);
  }

  @Override
  public void removed(R replica) {
    hashes.remove(replica);
    otherwise.removed(replica);
  }
}
