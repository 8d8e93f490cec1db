package io.phalanx.placement;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/**
 * The nodes as a {@link PlacementGroupManager} reaches them, and the epoch that it binds them to;
 * used by the manager alone.
 *
 * <p>A node counts once it has promised the epoch and told what it holds. Of two lives of a node at
 * one address only the later counts, from the moment it has promised.
 */
final class ManagedNodes {
  private final ActorContext<?> context;
  private final ActorRef<NodeReply> replies;
  private final String managerId;
  private final long ticksBetweenPromises;
  private final long ticksToWaitForTheLast;
  private final Set<ActorRef<NodeAgent.Command>> known = new HashSet<>();
  private final Map<String, NodeReply.Promised> promised = new HashMap<>();
  private final Set<String> obeying = new HashSet<>();
  private final Set<String> drained = new HashSet<>();
  private NodeSource.Nodes latest = new NodeSource.Nodes(Set.of(), Set.of(), Set.of(), 0);
  private Epoch epoch;
  private boolean ready;
  private long tick;
  private long majorityAt = Long.MAX_VALUE;

  ManagedNodes(
      ActorContext<?> context,
      ActorRef<NodeReply> replies,
      PlacementSettings settings,
      String managerId) {
    this.context = context;
    this.replies = replies;
    this.managerId = managerId;
    this.epoch = new Epoch(1, managerId);
    this.ticksBetweenPromises = ticks(settings.resendInterval(), settings);
    this.ticksToWaitForTheLast = ticks(settings.recoveryTimeout(), settings);
  }

  private static long ticks(Duration duration, PlacementSettings settings) {
    return Math.max(1, duration.dividedBy(settings.tickInterval()));
  }

  Epoch epoch() {
    return epoch;
  }

  void changed(NodeSource.Nodes nodes) {
    latest = nodes;
    for (ActorRef<NodeAgent.Command> agent : nodes.agents()) {
      if (known.add(agent)) {
        context.watch(agent);
        agent.tell(new NodeAgent.Promise(epoch, replies));
      }
    }
  }

  /**
   * A node obeys.
   *
   * @return the ids of nodes that are therefore gone: earlier lives of this one
   */
  List<String> promised(NodeReply.Promised reply) {
    if (!known.contains(reply.agent())) {
      return List.of();
    }
    String address = reply.state().view().address();
    List<String> earlierLives =
        promised.values().stream()
            .filter(other -> other.state().view().address().equals(address))
            .map(NodeReply.Promised::nodeId)
            .filter(nodeId -> !nodeId.equals(reply.nodeId()))
            .toList();
    earlierLives.forEach(this::forget);
    promised.put(reply.nodeId(), reply);
    obeying.add(reply.nodeId());
    drained(reply.nodeId(), reply.state().view().draining());
    return earlierLives;
  }

  private void forget(String nodeId) {
    agent(nodeId).ifPresent(known::remove);
    promised.remove(nodeId);
    obeying.remove(nodeId);
    drained.remove(nodeId);
  }

  boolean isKnown(ActorRef<NodeAgent.Command> agent) {
    return known.contains(agent);
  }

  /** A node takes nothing new, or does again, since it was told so. */
  void drained(String nodeId, boolean draining) {
    if (draining) {
      drained.add(nodeId);
    } else {
      drained.remove(nodeId);
    }
  }

  /**
   * Another manager has bound the nodes: outbids it, at once if this one is new, and otherwise,
   * since the other may be the rightful one, with the next repetition.
   */
  void superseded(Epoch other) {
    boolean isNew = !ready;
    epoch = new Epoch(Math.max(epoch.number(), other.number()) + 1, managerId);
    obeying.clear();
    ready = false;
    majorityAt = Long.MAX_VALUE;
    if (isNew) {
      askSilentNodes();
    }
  }

  void tick() {
    tick++;
    if (tick % ticksBetweenPromises == 0) {
      askSilentNodes();
    }
  }

  private void askSilentNodes() {
    List<ActorRef<NodeAgent.Command>> silent = new ArrayList<>(known);
    obeying.forEach(nodeId -> agent(nodeId).ifPresent(silent::remove));
    silent.forEach(agent -> agent.tell(new NodeAgent.Promise(epoch, replies)));
  }

  /**
   * Returns true once: when enough nodes obey for the manager to act.
   *
   * @param mayAct whether all else that it needs is there
   */
  boolean becomesReady(boolean mayAct) {
    boolean hasMajority = !obeying.isEmpty() && 2 * obeying.size() > latest.workers();
    if (ready || !hasMajority) {
      return false;
    }
    majorityAt = Math.min(majorityAt, tick);
    ready = mayAct && (isComplete() || tick - majorityAt >= ticksToWaitForTheLast);
    return ready;
  }

  boolean isReady() {
    return ready;
  }

  /** Returns whether every node there is obeys and has told what it holds. */
  boolean isComplete() {
    return obeying.size() >= Math.max(latest.workers(), known.size());
  }

  /** Returns the id of the node whose agent has stopped, if it obeyed. */
  Optional<String> terminated(ActorRef<?> agent) {
    known.removeIf(agent::equals);
    Optional<String> nodeId =
        promised.values().stream()
            .filter(reply -> reply.agent().equals(agent))
            .map(NodeReply.Promised::nodeId)
            .findFirst();
    nodeId.ifPresent(this::forget);
    return nodeId;
  }

  List<String> ids() {
    return List.copyOf(promised.keySet());
  }

  /** Returns the id of the node with this id or address. */
  Optional<String> find(String idOrAddress) {
    return promised.values().stream()
        .filter(
            reply ->
                reply.nodeId().equals(idOrAddress)
                    || reply.state().view().address().equals(idOrAddress))
        .map(NodeReply.Promised::nodeId)
        .findFirst();
  }

  boolean isReachable(String nodeId) {
    return agent(nodeId).filter(latest.reachable()::contains).isPresent();
  }

  /** Returns whether a node takes nothing new: it was told so, or leaves the cluster. */
  boolean isDraining(String nodeId) {
    return drained.contains(nodeId) || agent(nodeId).filter(latest.leaving()::contains).isPresent();
  }

  Optional<ActorRef<NodeAgent.Command>> agent(String nodeId) {
    return Optional.ofNullable(promised.get(nodeId)).map(NodeReply.Promised::agent);
  }

  String address(String nodeId) {
    NodeReply.Promised reply = promised.get(nodeId);
    return reply == null ? nodeId : reply.state().view().address();
  }
}
