package io.phalanx.placement;

import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.placement.GroupEvent.GroupPending;
import io.phalanx.placement.GroupEvent.GroupRemoved;
import io.phalanx.placement.GroupEvent.GroupRescheduling;
import io.phalanx.placement.reservation.Effect;
import io.phalanx.placement.reservation.GroupSnapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.pekko.actor.typed.ActorRef;

/** Words what the scheduler wants told, for nodes and for subscribers. */
final class GroupMessages {
  private final ManagedNodes nodes;
  private final ActorRef<NodeReply> replies;

  GroupMessages(ManagedNodes nodes, ActorRef<NodeReply> replies) {
    this.nodes = nodes;
    this.replies = replies;
  }

  /** Returns the message to a node; it names the subscriber of the group that it is about. */
  NodeAgent.Command toNode(Effect.ToNode effect, GroupSubscribers subscribers) {
    Epoch epoch = nodes.epoch();
    if (effect instanceof Effect.Prepare prepare) {
      return new NodeAgent.Prepare(
          epoch,
          prepare.attempt(),
          prepare.group(),
          subscribers.of(prepare.group().id()),
          prepare.devicesOfBundle(),
          prepare.commit(),
          replies);
    }
    if (effect instanceof Effect.Commit commit) {
      return new NodeAgent.Commit(epoch, commit.attempt(), commit.groupId(), replies);
    }
    if (effect instanceof Effect.Release release) {
      return new NodeAgent.Release(
          epoch, release.attempt(), release.groupId(), release.bundles(), replies);
    }
    return new NodeAgent.Promise(epoch, replies);
  }

  GroupEvent toSubscriber(Effect.ToSubscriber news) {
    String groupId = news.groupId();
    if (news instanceof Effect.Created created) {
      return new GroupCreated(groupId, placements(created.sites()));
    }
    if (news instanceof Effect.Rescheduling lost) {
      return new GroupRescheduling(groupId, lost.lostBundles(), lost.reason());
    }
    if (news instanceof Effect.Pending pending) {
      return new GroupPending(groupId, pending.state(), pending.detail(), pending.explanation());
    }
    return new GroupRemoved(groupId);
  }

  GroupView view(GroupSnapshot group) {
    return new GroupView(
        group.spec(),
        group.state(),
        group.detail(),
        placements(group.sites()),
        group.explanation(),
        group.stats());
  }

  private List<BundlePlacement> placements(Map<Integer, BundleSite> sites) {
    List<BundlePlacement> placements = new ArrayList<>();
    new TreeMap<>(sites)
        .forEach(
            (index, site) ->
                nodes
                    .agent(site.nodeId())
                    .ifPresent(agent -> placements.add(placement(index, site, agent))));
    return placements;
  }

  private BundlePlacement placement(int index, BundleSite site, ActorRef<NodeAgent.Command> agent) {
    String address = nodes.address(site.nodeId());
    return new BundlePlacement(index, site.nodeId(), address, site.deviceIndexes(), agent);
  }
}
