package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.SchedulingDetail;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What {@link GroupScheduler} wants done: a message to a node, or an event to a subscriber. */
public sealed interface Effect {

  /** A message to a node's agent. */
  sealed interface ToNode extends Effect {

    /** Returns the id of the node. */
    String nodeId();
  }

  /** An event for whoever asked for a group. */
  sealed interface ToSubscriber extends Effect {

    /** Returns the id of the group. */
    String groupId();
  }

  /** Ask a node to hold bundles; {@code commit} if no other node is concerned. */
  record Prepare(
      String nodeId,
      long attempt,
      PlacementGroupSpec group,
      Map<Integer, List<Integer>> devicesOfBundle,
      boolean commit)
      implements ToNode {}

  /** Ask a node to make permanent what it holds. */
  record Commit(String nodeId, long attempt, String groupId) implements ToNode {}

  /** Ask a node to free bundles; none named: all of the group. */
  record Release(String nodeId, long attempt, String groupId, Set<Integer> bundles)
      implements ToNode {}

  /** Ask a node for its ledger again, since it does not hold what was thought. */
  record Resync(String nodeId) implements ToNode {}

  /** All bundles have their place. */
  record Created(String groupId, Map<Integer, BundleSite> sites) implements ToSubscriber {}

  /** The group waits. */
  record Pending(String groupId, GroupState state, SchedulingDetail detail, Explanation explanation)
      implements ToSubscriber {}

  /** Bundles were lost. */
  record Rescheduling(String groupId, List<Integer> lostBundles, String reason)
      implements ToSubscriber {}

  /** The group holds nothing any more and is forgotten. */
  record Removed(String groupId) implements ToSubscriber {}
}
