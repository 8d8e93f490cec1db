package io.phalanx.placement;

import io.phalanx.placement.PlacementGroupManager.Drain;
import io.phalanx.placement.PlacementGroupManager.DrainReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Who waits until a node drains, or no longer does; used by the manager alone. A node that does not
 * answer is asked again after {@code resend-interval}, then after twice as long each time, at most
 * {@code max-retry-delay}. Of contrary requests the latest counts.
 */
final class DrainRequests {
  private final ManagedNodes nodes;
  private final ActorRef<NodeReply> replies;
  private final long firstDelay;
  private final long longestDelay;
  private final Map<String, Unanswered> ofNode = new HashMap<>();
  private long tick;

  private static final class Unanswered {
    private final List<Drain> requests = new ArrayList<>();
    private long delay;
    private long askAt;

    boolean draining() {
      return requests.get(requests.size() - 1).draining();
    }
  }

  DrainRequests(ManagedNodes nodes, ActorRef<NodeReply> replies, PlacementSettings settings) {
    this.nodes = nodes;
    this.replies = replies;
    this.firstDelay = ticks(settings.resendInterval(), settings);
    this.longestDelay = Math.max(firstDelay, ticks(settings.maxRetryDelay(), settings));
  }

  private static long ticks(Duration duration, PlacementSettings settings) {
    return Math.max(1, duration.dividedBy(settings.tickInterval()));
  }

  /** Asks the node, or answers at once that there is none. */
  void add(Drain request) {
    Optional<String> node = nodes.find(request.node());
    if (node.isEmpty()) {
      request.replyTo().tell(new DrainReply(node));
      return;
    }
    Unanswered unanswered = ofNode.computeIfAbsent(node.get(), id -> new Unanswered());
    unanswered.requests.add(request);
    unanswered.delay = firstDelay;
    ask(node.get(), unanswered);
  }

  private void ask(String nodeId, Unanswered unanswered) {
    NodeAgent.Drain message = new NodeAgent.Drain(nodes.epoch(), unanswered.draining(), replies);
    nodes.agent(nodeId).ifPresent(agent -> agent.tell(message));
    unanswered.askAt = tick + unanswered.delay;
    unanswered.delay = Math.min(2 * unanswered.delay, longestDelay);
  }

  /** One {@code tick-interval} has passed: asks those again that have not answered. */
  void tick() {
    tick++;
    ofNode.forEach(
        (nodeId, unanswered) -> {
          if (unanswered.askAt <= tick) {
            ask(nodeId, unanswered);
          }
        });
  }

  /** The node did what the latest request wants, or what an earlier, contrary one wanted. */
  void answered(NodeReply.Drained drained) {
    Unanswered unanswered = ofNode.get(drained.nodeId());
    if (unanswered == null) {
      return;
    }
    boolean isLatest = drained.draining() == unanswered.draining();
    for (Drain request : List.copyOf(unanswered.requests)) {
      if (isLatest || request.draining() == drained.draining()) {
        unanswered.requests.remove(request);
        request.replyTo().tell(new DrainReply(Optional.of(drained.nodeId())));
      }
    }
    if (isLatest) {
      ofNode.remove(drained.nodeId());
    }
  }

  /** The node is gone, and with it what was asked of it. */
  void nodeLost(String nodeId) {
    Unanswered unanswered = ofNode.remove(nodeId);
    if (unanswered != null) {
      unanswered.requests.forEach(
          request -> request.replyTo().tell(new DrainReply(Optional.empty())));
    }
  }
}
