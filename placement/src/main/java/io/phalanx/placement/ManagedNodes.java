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
 */
final class ManagedNodes {
  private final ActorContext<?> context;
  private final ActorRef<NodeAgent.Reply> replies;
  private final String managerId;
  private final long ticksBetweenPromises;
  private final long ticksToWaitForTheLast;
  private final Set<ActorRef<NodeAgent.Command>> known = new HashSet<>();
  private final Map<String, NodeAgent.Promised> promised = new HashMap<>();
  private final Set<String> obeying = new HashSet<>();
  private Set<ActorRef<NodeAgent.Command>> reachable = Set.of();
  private Epoch epoch;
  private int workers;
  private boolean ready;
  private long tick;
  private long majorityAt = Long.MAX_VALUE;

  ManagedNodes(
      ActorContext<?> context,
      ActorRef<NodeAgent.Reply> replies,
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
    workers = nodes.workers();
    reachable = nodes.reachable();
    for (ActorRef<NodeAgent.Command> agent : nodes.agents()) {
      if (known.add(agent)) {
        context.watch(agent);
        agent.tell(new NodeAgent.Promise(epoch, replies));
      }
    }
  }

  void promised(NodeAgent.Promised reply) {
    promised.put(reply.nodeId(), reply);
    obeying.add(reply.nodeId());
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

  /** Returns true once: when enough nodes obey for the manager to act. */
  boolean becomesReady() {
    boolean hasMajority = !obeying.isEmpty() && 2 * obeying.size() > workers;
    if (ready || !hasMajority) {
      return false;
    }
    majorityAt = Math.min(majorityAt, tick);
    boolean hasAll = obeying.size() >= Math.max(workers, known.size());
    ready = hasAll || tick - majorityAt >= ticksToWaitForTheLast;
    return ready;
  }

  /** Returns the id of the node whose agent has stopped, if it obeyed. */
  Optional<String> terminated(ActorRef<?> agent) {
    known.removeIf(agent::equals);
    Optional<String> nodeId =
        promised.values().stream()
            .filter(reply -> reply.agent().equals(agent))
            .map(NodeAgent.Promised::nodeId)
            .findFirst();
    nodeId.ifPresent(promised::remove);
    nodeId.ifPresent(obeying::remove);
    return nodeId;
  }

  List<String> ids() {
    return List.copyOf(promised.keySet());
  }

  boolean isReachable(String nodeId) {
    return agent(nodeId).filter(reachable::contains).isPresent();
  }

  Optional<ActorRef<NodeAgent.Command>> agent(String nodeId) {
    return Optional.ofNullable(promised.get(nodeId)).map(NodeAgent.Promised::agent);
  }

  String address(String nodeId) {
    NodeAgent.Promised reply = promised.get(nodeId);
    return reply == null ? nodeId : reply.state().view().address();
  }
}
