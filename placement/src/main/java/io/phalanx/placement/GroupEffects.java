package io.phalanx.placement;

import io.phalanx.placement.reservation.Effect;
import org.slf4j.Logger;

/**
 * Sends what the scheduler wants sent, to nodes and to subscribers; used by the {@link
 * PlacementGroupManager} alone.
 */
final class GroupEffects {
  private final Logger log;
  private final ManagedNodes nodes;
  private final GroupMessages messages;
  private final GroupSubscribers subscribers;
  private final DesiredStateWriter desired;

  GroupEffects(
      Logger log,
      ManagedNodes nodes,
      GroupMessages messages,
      GroupSubscribers subscribers,
      DesiredStateWriter desired) {
    this.log = log;
    this.nodes = nodes;
    this.messages = messages;
    this.subscribers = subscribers;
    this.desired = desired;
  }

  void carryOut(Effect effect) {
    if (effect instanceof Effect.ToNode toNode) {
      nodes
          .agent(toNode.nodeId())
          .ifPresent(agent -> agent.tell(messages.toNode(toNode, subscribers)));
    } else if (effect instanceof Effect.Removed removed) {
      log.debug("Group [{}] is removed", removed.groupId());
      desired.onRemoved(removed.groupId());
    } else if (effect instanceof Effect.ToSubscriber news) {
      tell(news.groupId(), messages.toSubscriber(news));
    }
  }

  private void tell(String groupId, GroupEvent event) {
    if (event instanceof GroupEvent.GroupRescheduling lost) {
      log.warn("Group [{}] lost {}: {}", groupId, lost.lostBundles(), lost.reason());
    } else {
      log.debug("{}", event);
    }
    subscribers.of(groupId).tell(event);
  }
}
