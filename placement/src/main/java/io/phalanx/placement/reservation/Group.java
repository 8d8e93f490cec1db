package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.SchedulingDetail;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A placement group as the manager keeps it; {@link GroupState} lists the transitions. */
final class Group {
  final PlacementGroupSpec spec;
  final Map<Integer, BundleSite> sites = new TreeMap<>();

  /** By node id, what has been asked to be freed and is not confirmed. */
  final Map<String, Effect.Release> releases = new HashMap<>();

  final RetryState retry = new RetryState();
  final GroupTimes times;
  GroupState state = GroupState.PENDING;
  SchedulingDetail detail = SchedulingDetail.QUEUED;
  Explanation explanation = Explanation.NONE;
  @Nullable Reservation reservation;

  /** Whether it was asked for or a node has committed it; else it only frees what it holds. */
  boolean claimed;

  boolean wasCreated;

  /** Counts the groups in the order in which they were asked for, or turned up. */
  int order;

  /** The tick since which it waits, or since which it has had no turn of the guard. */
  long waitsSince;

  long reportAt;
  long releasesSentAt;

  Group(PlacementGroupSpec spec, GroupTimes times) {
    this.spec = spec;
    this.times = times;
  }

  String id() {
    return spec.id();
  }

  boolean isComplete() {
    return sites.size() == spec.bundles().size();
  }

  boolean isRemoved() {
    return state == GroupState.REMOVED;
  }

  /** Returns whether bundles wait for a place and nothing is under way for the group. */
  boolean isWaiting() {
    return claimed && !isRemoved() && !isComplete() && reservation == null;
  }

  GroupState waitingState() {
    return wasCreated || !sites.isEmpty() ? GroupState.RESCHEDULING : GroupState.PENDING;
  }

  /** Returns the bundles whose node is one of these. */
  List<Integer> bundlesOn(Predicate<String> nodeId) {
    return sites.entrySet().stream()
        .filter(entry -> nodeId.test(entry.getValue().nodeId()))
        .map(Map.Entry::getKey)
        .toList();
  }

  BundleSite siteOf(int index) {
    return Objects.requireNonNull(sites.get(index));
  }

  Map<Integer, String> nodeOfPlaced() {
    Map<Integer, String> nodes = new HashMap<>();
    sites.forEach((index, site) -> nodes.put(index, site.nodeId()));
    return nodes;
  }

  boolean isBeingReleased(String nodeId, int index) {
    Effect.Release release = releases.get(nodeId);
    return release != null && (release.bundles().isEmpty() || release.bundles().contains(index));
  }
}
