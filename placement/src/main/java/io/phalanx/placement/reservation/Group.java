package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.SchedulingDetail;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A placement group as the manager keeps it; {@link GroupState} lists the transitions. */
final class Group {
  final PlacementGroupSpec spec;
  final Map<Integer, BundleSite> sites = new TreeMap<>();
  final Map<String, Effect.Release> releases = new HashMap<>();
  GroupState state = GroupState.PENDING;
  SchedulingDetail detail = SchedulingDetail.QUEUED;
  Explanation explanation = Explanation.NONE;
  @Nullable Reservation reservation;
  boolean wasCreated;
  int attempts;
  long triedAtVersion = -1;
  long notBefore;
  long retryAt;
  long reportAt;
  long releasesSentAt;

  Group(PlacementGroupSpec spec) {
    this.spec = spec;
  }

  boolean isComplete() {
    return sites.size() == spec.bundles().size();
  }

  boolean isRemoved() {
    return state == GroupState.REMOVED;
  }

  /** Returns whether bundles wait for a place and nothing is under way for the group. */
  boolean isWaiting() {
    return !isRemoved() && !isComplete() && reservation == null;
  }

  GroupState waitingState() {
    return wasCreated || !sites.isEmpty() ? GroupState.RESCHEDULING : GroupState.PENDING;
  }

  Map<Integer, String> nodeOfPlaced() {
    Map<Integer, String> nodes = new HashMap<>();
    sites.forEach((index, site) -> nodes.put(index, site.nodeId()));
    return nodes;
  }
}
