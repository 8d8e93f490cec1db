package io.phalanx.placement;

import io.phalanx.placement.reservation.Holding;
import io.phalanx.placement.reservation.ResourceLedger;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Carries out a manager's requests on a node's ledger and words the replies. */
final class LedgerRequests {
  private final NodeInfo node;
  private final ResourceLedger ledger;

  LedgerRequests(NodeInfo node) {
    this.node = node;
    this.ledger = new ResourceLedger(node);
  }

  ResourceLedger ledger() {
    return ledger;
  }

  /** Returns the reply to a promise; {@code promised} makes it if the epoch is obeyed. */
  NodeReply promise(NodeAgent.Promise request, Supplier<NodeReply> promised) {
    return ledger
        .promise(request.epoch())
        .map(why -> refused(request.epoch(), "", 0, why))
        .orElseGet(promised);
  }

  NodeReply prepare(NodeAgent.Prepare request) {
    Epoch epoch = request.epoch();
    String groupId = request.group().id();
    BundlePhase phase = request.commit() ? BundlePhase.COMMITTED : BundlePhase.PREPARED;
    return ledger
        .prepare(epoch, request.attempt(), request.group(), request.devicesOfBundle(), phase)
        .map(why -> refused(epoch, groupId, request.attempt(), why))
        .orElseGet(() -> held(epoch, groupId, request.attempt(), phase));
  }

  NodeReply commit(NodeAgent.Commit request) {
    Epoch epoch = request.epoch();
    return ledger
        .commit(epoch, request.attempt(), request.groupId())
        .map(why -> refused(epoch, request.groupId(), request.attempt(), why))
        .orElseGet(() -> held(epoch, request.groupId(), request.attempt(), BundlePhase.COMMITTED));
  }

  /** Returns the reply to a release that is refused; it is confirmed only once all is free. */
  Optional<NodeReply> release(NodeAgent.Release request) {
    return ledger
        .release(request.epoch(), request.attempt(), request.groupId(), request.bundles())
        .map(why -> refused(request.epoch(), request.groupId(), request.attempt(), why));
  }

  /** Returns what of a group is to be freed once nothing runs in it. */
  List<Holding> releasing(String groupId) {
    return ledger.of(groupId).stream()
        .filter(holding -> holding.phase() == BundlePhase.RELEASING)
        .toList();
  }

  NodeReply drain(NodeAgent.Drain request) {
    return ledger
        .drain(request.epoch(), request.draining())
        .map(why -> refused(request.epoch(), "", 0, why))
        .orElseGet(() -> new NodeReply.Drained(node.nodeId(), request.epoch(), request.draining()));
  }

  private NodeReply held(Epoch epoch, String groupId, long attempt, BundlePhase phase) {
    return new NodeReply.Held(node.nodeId(), epoch, groupId, attempt, phase);
  }

  private NodeReply refused(Epoch epoch, String groupId, long attempt, Refusal why) {
    return new NodeReply.Refused(
        node.nodeId(), epoch, groupId, attempt, why.code(), why.reason(), ledger.promised());
  }
}
