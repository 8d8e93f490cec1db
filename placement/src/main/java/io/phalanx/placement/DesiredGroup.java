package io.phalanx.placement;

import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * A group that is to exist, or to be gone, whatever becomes of the manager that was asked for it.
 *
 * @param groupId the group's id
 * @param spec what was asked for; empty: the group was removed, but a node may still hold of it
 * @param subscriber whom its events go to
 */
record DesiredGroup(
    String groupId, Optional<PlacementGroupSpec> spec, ActorRef<GroupEvent> subscriber) {}
