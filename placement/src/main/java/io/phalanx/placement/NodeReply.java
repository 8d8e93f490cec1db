package io.phalanx.placement;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.serialization.WireMessage;
import org.apache.pekko.actor.typed.ActorRef;

/** The answer of a {@link NodeAgent} to a manager; names the node and the request it answers. */
public sealed interface NodeReply extends WireMessage {

  /** Returns the id of the node that answers. */
  String nodeId();

  /** Returns the epoch of the request. */
  Epoch epoch();

  /** The node obeys this epoch; {@code state} is all that it holds. */
  record Promised(String nodeId, Epoch epoch, ActorRef<NodeAgent.Command> agent, NodeState state)
      implements NodeReply {}

  /** The bundles of this attempt are in {@code phase}. */
  record Held(String nodeId, Epoch epoch, String groupId, long attempt, BundlePhase phase)
      implements NodeReply {}

  /** What the {@link NodeAgent.Release} named is free. */
  record Released(String nodeId, Epoch epoch, String groupId, long attempt) implements NodeReply {}

  /** The node takes nothing new, or does again. */
  record Drained(String nodeId, Epoch epoch, boolean draining) implements NodeReply {}

  /**
   * Nothing changed.
   *
   * @param nodeId the node
   * @param epoch the epoch of the request
   * @param groupId the group concerned; "" if the request named none
   * @param attempt the attempt concerned; 0 if the request named none
   * @param code says whether another node or a retry may help
   * @param reason in words
   * @param promised the epoch that the node obeys
   */
  record Refused(
      String nodeId,
      Epoch epoch,
      String groupId,
      long attempt,
      ErrorCode code,
      String reason,
      Epoch promised)
      implements NodeReply {}
}
