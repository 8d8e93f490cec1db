package io.phalanx.placement.reservation;

import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** A node of a simulation: its ledger, and the messages on their way to it and from it. */
final class SimulatedNode {
  private static final int PREPARE_TICKS = 40;

  final NodeInfo info;
  final ResourceLedger ledger;
  final Deque<Runnable> toNode = new ArrayDeque<>();
  final Deque<Runnable> fromNode = new ArrayDeque<>();
  boolean reachable = true;
  boolean wantedDraining;
  private final List<Prepared> prepared = new ArrayList<>();

  private record Prepared(Epoch epoch, long attempt, String groupId, int until) {}

  SimulatedNode(NodeInfo info) {
    this.info = info;
    this.ledger = new ResourceLedger(info);
  }

  String id() {
    return info.nodeId();
  }

  Optional<Refusal> prepare(Epoch epoch, Effect.Prepare effect, int tick) {
    Optional<Refusal> refusal =
        ledger.prepare(
            epoch, effect.attempt(), effect.group(), effect.devicesOfBundle(), reached(effect));
    prepared.add(new Prepared(epoch, effect.attempt(), effect.group().id(), tick + PREPARE_TICKS));
    return refusal;
  }

  static BundlePhase reached(Effect.Prepare effect) {
    return effect.commit() ? BundlePhase.COMMITTED : BundlePhase.PREPARED;
  }

  /** Frees the bundles at once: nothing runs in them. */
  Optional<Refusal> release(Epoch epoch, Effect.Release effect) {
    Optional<Refusal> refusal =
        ledger.release(epoch, effect.attempt(), effect.groupId(), effect.bundles());
    ledger.of(effect.groupId()).forEach(holding -> ledger.free(holding.id()));
    return refusal;
  }

  /** Frees what nobody has committed in time. */
  void expire(int tick) {
    for (Prepared old : prepared) {
      if (old.until() <= tick) {
        ledger.expire(old.epoch(), old.attempt(), old.groupId());
      }
    }
    prepared.removeIf(old -> old.until() <= tick);
  }
}
