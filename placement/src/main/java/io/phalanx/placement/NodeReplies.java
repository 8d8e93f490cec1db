package io.phalanx.placement;

import io.phalanx.placement.reservation.GroupScheduler;
import io.phalanx.runtime.error.ErrorCode;
import org.slf4j.Logger;

/** What the nodes' answers mean for the groups; used by the {@link PlacementGroupManager} alone. */
final class NodeReplies {
  private final Logger log;
  private final GroupScheduler scheduler;
  private final ManagedNodes nodes;
  private final GroupSubscribers subscribers;
  private final DrainRequests drains;

  NodeReplies(
      Logger log,
      GroupScheduler scheduler,
      ManagedNodes nodes,
      GroupSubscribers subscribers,
      DrainRequests drains) {
    this.log = log;
    this.scheduler = scheduler;
    this.nodes = nodes;
    this.subscribers = subscribers;
    this.drains = drains;
  }

  /** Takes an answer; those to an epoch that is over mean nothing. */
  void receive(NodeReply reply) {
    if (!reply.epoch().equals(nodes.epoch())) {
      return;
    }
    if (reply instanceof NodeReply.Promised promised) {
      onPromised(promised);
    } else if (reply instanceof NodeReply.Held held) {
      scheduler.held(held.nodeId(), held.groupId(), held.attempt(), held.phase());
    } else if (reply instanceof NodeReply.Released released) {
      scheduler.released(released.nodeId(), released.groupId(), released.attempt());
    } else if (reply instanceof NodeReply.Drained drained) {
      nodes.drained(drained.nodeId(), drained.draining());
      tellCondition(drained.nodeId());
      drains.answered(drained);
    } else if (reply instanceof NodeReply.Refused refused) {
      onRefused(refused);
    }
  }

  private void onPromised(NodeReply.Promised promised) {
    if (!nodes.isKnown(promised.agent())) {
      return;
    }
    nodes.promised(promised).forEach(this::nodeLost);
    for (NodeState.GroupShare share : promised.state().groups()) {
      subscribers.restore(share.group(), share.subscriber());
    }
    scheduler.nodeState(promised.state().view(), promised.state().holdings(promised.epoch()));
    tellCondition(promised.nodeId());
  }

  private void onRefused(NodeReply.Refused refused) {
    log.debug(
        "Node [{}] refused group [{}]: {}", refused.nodeId(), refused.groupId(), refused.reason());
    if (refused.code() == ErrorCode.STALE_EPOCH) {
      scheduler.deactivate();
      nodes.superseded(refused.promised());
    } else {
      scheduler.refused(refused.nodeId(), refused.groupId(), refused.attempt(), refused.code());
    }
  }

  /** Tells whether a node can be asked and takes new bundles. */
  void tellCondition(String nodeId) {
    scheduler.nodeReachable(nodeId, nodes.isReachable(nodeId));
    scheduler.nodeDraining(nodeId, nodes.isDraining(nodeId));
  }

  /** A node is gone. */
  void nodeLost(String nodeId) {
    drains.nodeLost(nodeId);
    scheduler.nodeLost(nodeId);
  }
}
