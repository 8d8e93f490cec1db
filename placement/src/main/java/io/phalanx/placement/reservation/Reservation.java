package io.phalanx.placement.reservation;

import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.PlacementGroupSpec;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * One attempt to reserve bundles on some nodes, in two phases or, on one node, in one.
 *
 * <pre>
 * PREPARING  -> COMMITTING  every node holds its bundles
 * PREPARING  -> (given up)  a node refused, was lost, or did not answer in time
 * COMMITTING -> (done)      every node has committed, refused or was lost
 * </pre>
 */
final class Reservation {

  /** What is being waited for. */
  enum Phase {
    PREPARING,
    COMMITTING
  }

  private final PlacementGroupSpec group;
  private final long attempt;
  private final Map<String, Map<Integer, BundleSite>> sitesOfNode = new TreeMap<>();
  private final Set<String> awaited = new HashSet<>();
  private final boolean onePhase;
  private final long startedAt;
  private Phase phase = Phase.PREPARING;
  private long sentAt;

  Reservation(PlacementGroupSpec group, long attempt, Map<Integer, BundleSite> sites, long now) {
    this.group = group;
    this.attempt = attempt;
    sites.forEach(
        (index, site) ->
            sitesOfNode.computeIfAbsent(site.nodeId(), node -> new TreeMap<>()).put(index, site));
    this.awaited.addAll(sitesOfNode.keySet());
    this.onePhase = sitesOfNode.size() == 1;
    this.startedAt = now;
    this.sentAt = now;
  }

  long attempt() {
    return attempt;
  }

  Phase phase() {
    return phase;
  }

  boolean concerns(String nodeId) {
    return sitesOfNode.containsKey(nodeId);
  }

  Map<String, Map<Integer, BundleSite>> sitesOfNode() {
    return sitesOfNode;
  }

  /** Returns the bundles of a node; empty if it is not concerned. */
  Map<Integer, BundleSite> sitesOn(String nodeId) {
    return sitesOfNode.getOrDefault(nodeId, Map.of());
  }

  /** Notes that a node has its bundles in this phase; repeated and late news change nothing. */
  void held(String nodeId, BundlePhase reached) {
    boolean enough = onePhase || phase == Phase.COMMITTING;
    if (reached == BundlePhase.COMMITTED || !enough) {
      awaited.remove(nodeId);
    }
  }

  /** Notes that a node does not have its bundles, and forgets them. */
  Map<Integer, BundleSite> drop(String nodeId) {
    awaited.remove(nodeId);
    Map<Integer, BundleSite> sites = sitesOfNode.remove(nodeId);
    return sites == null ? Map.of() : sites;
  }

  boolean isComplete() {
    return awaited.isEmpty() && (onePhase || phase == Phase.COMMITTING);
  }

  boolean isPrepared() {
    return awaited.isEmpty() && phase == Phase.PREPARING && !onePhase;
  }

  void startCommit(long now) {
    phase = Phase.COMMITTING;
    awaited.addAll(sitesOfNode.keySet());
    sentAt = now;
  }

  /** Returns the messages to the nodes that have not answered. */
  List<Effect> messages() {
    return awaited.stream().sorted().map(this::message).toList();
  }

  private Effect message(String nodeId) {
    if (phase == Phase.COMMITTING) {
      return new Effect.Commit(nodeId, attempt, group.id());
    }
    Map<Integer, List<Integer>> devices = new HashMap<>();
    sitesOn(nodeId).forEach((index, site) -> devices.put(index, site.deviceIndexes()));
    return new Effect.Prepare(nodeId, attempt, group, devices, onePhase);
  }

  /** Returns the tick at which the attempt began. */
  long startedAt() {
    return startedAt;
  }

  /** Returns the tick at which the nodes were last asked. */
  long sentAt() {
    return sentAt;
  }

  void sentAgain(long now) {
    sentAt = now;
  }
}
