package io.phalanx.placement;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;

/** What happened to a placement group; sent to the actor that asked for it. */
public sealed interface GroupEvent extends WireMessage {

  /** Returns the id of the group. */
  String groupId();

  /** The group was not accepted and is not known to the manager. */
  record GroupRejected(String groupId, ErrorCode code, String reason) implements GroupEvent {}

  /** The group cannot be placed now; sent at once and again every few seconds while it waits. */
  record GroupPending(
      String groupId, GroupState state, SchedulingDetail detail, Explanation explanation)
      implements GroupEvent {}

  /**
   * Every bundle is reserved; sent again after bundles that were lost have been placed anew.
   *
   * @param placements by bundle index
   */
  record GroupCreated(String groupId, List<BundlePlacement> placements) implements GroupEvent {

    /** Copies the list. */
    public GroupCreated {
      placements = List.copyOf(placements);
    }
  }

  /** Some bundles were lost and are placed again; the others keep running where they are. */
  record GroupRescheduling(String groupId, List<Integer> lostBundles, String reason)
      implements GroupEvent {

    /** Copies the list. */
    public GroupRescheduling {
      lostBundles = List.copyOf(lostBundles);
    }
  }

  /** Nothing is reserved for the group any more. */
  record GroupRemoved(String groupId) implements GroupEvent {}
}
