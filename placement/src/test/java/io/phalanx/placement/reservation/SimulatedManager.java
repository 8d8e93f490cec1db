package io.phalanx.placement.reservation;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementSettings;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import io.phalanx.placement.scheduling.PlacementPlanner;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * A manager of a simulation. It acts once all nodes obey it, or most of them and it has waited for
 * the others; it does not know when another has taken over, but the nodes do.
 */
final class SimulatedManager {
  private static final PlacementSettings SETTINGS =
      PlacementSettings.of(
          ConfigFactory.parseString("phalanx.placement { guard-after = 3 s, guard-duration = 6 s }")
              .withFallback(ConfigFactory.defaultReference()));
  private static final int RECOVERY_TICKS = 40;
  private static final int PROMISE_TICKS = 4;

  final Epoch epoch;
  final GroupScheduler scheduler = new GroupScheduler(planner(), SETTINGS, () -> 0);
  final Set<String> obeying = new HashSet<>();
  private final Consumer<Effect> done;
  private boolean active;
  private boolean superseded;
  private int ticksWithMost;

  /**
   * Creates a manager.
   *
   * @param done is told what the manager does
   */
  SimulatedManager(Epoch epoch, Consumer<Effect> done) {
    this.epoch = epoch;
    this.done = done;
  }

  static PlacementPlanner planner() {
    return new PlacementPlanner(Duration.ofHours(1), () -> 0);
  }

  boolean isActive() {
    return active;
  }

  /**
   * Learns what earlier managers were asked for.
   *
   * @param wanted the groups that are to be there
   * @param removed ids of groups that are gone, of which an unheard node may hold bundles
   * @param removing ids of groups whose removal nobody has confirmed
   */
  void recover(Collection<PlacementGroupSpec> wanted, Set<String> removed, Set<String> removing) {
    wanted.forEach(scheduler::restore);
    removed.forEach(scheduler::restoreRemoved);
    removing.forEach(scheduler::remove);
  }

  /** Returns what a later manager has to know to be gone. */
  Set<String> removed() {
    Set<String> removed = new HashSet<>(scheduler.tombstones());
    for (GroupSnapshot group : scheduler.groups()) {
      if (group.state() == GroupState.REMOVED) {
        removed.add(group.spec().id());
      }
    }
    return removed;
  }

  void tick(Collection<SimulatedNode> nodes, int tick) {
    if (superseded) {
      return;
    }
    for (SimulatedNode node : nodes) {
      if (!obeying.contains(node.id()) && tick % PROMISE_TICKS == 0) {
        ask(node);
      }
    }
    ticksWithMost += obeying.size() * 2 > nodes.size() ? 1 : 0;
    activateIfReady(nodes);
    scheduler.tick();
  }

  private void activateIfReady(Collection<SimulatedNode> nodes) {
    boolean all = nodes.stream().allMatch(node -> obeying.contains(node.id()));
    if (!active && (all || ticksWithMost > RECOVERY_TICKS)) {
      active = true;
      scheduler.activate();
    }
    if (active && all) {
      scheduler.forgetTombstones();
    }
  }

  /** Asks a node to obey and to tell its ledger. */
  void ask(SimulatedNode node) {
    node.toNode.add(
        () -> {
          if (node.ledger.promise(epoch).isEmpty()) {
            NodeView view = node.ledger.view();
            List<Holding> holdings = node.ledger.holdings();
            answer(node, () -> promised(node, view, holdings));
          } else {
            answer(node, () -> superseded = true);
          }
        });
  }

  private void promised(SimulatedNode node, NodeView view, List<Holding> holdings) {
    obeying.add(node.id());
    scheduler.nodeState(view, holdings);
  }

  private void answer(SimulatedNode node, Runnable news) {
    node.fromNode.add(
        () -> {
          if (!superseded) {
            news.run();
          }
        });
  }

  void lose(SimulatedNode node) {
    obeying.remove(node.id());
    scheduler.nodeLost(node.id());
  }

  void drain(SimulatedNode node, boolean draining) {
    node.toNode.add(
        () -> {
          if (node.ledger.drain(epoch, draining).isEmpty()) {
            answer(node, () -> scheduler.nodeDraining(node.id(), draining));
          }
        });
  }

  /** Carries out one thing that the scheduler wants done on a node. */
  void send(SimulatedNode node, Effect effect, int tick) {
    if (effect instanceof Effect.Prepare prepare) {
      String groupId = prepare.group().id();
      node.toNode.add(
          () ->
              reply(
                  node,
                  groupId,
                  prepare.attempt(),
                  node.prepare(epoch, prepare, tick),
                  SimulatedNode.reached(prepare)));
    } else if (effect instanceof Effect.Commit commit) {
      node.toNode.add(
          () ->
              reply(
                  node,
                  commit.groupId(),
                  commit.attempt(),
                  node.ledger.commit(epoch, commit.attempt(), commit.groupId()),
                  BundlePhase.COMMITTED));
    } else if (effect instanceof Effect.Release release) {
      node.toNode.add(() -> release(node, release));
    } else {
      ask(node);
    }
  }

  private void release(SimulatedNode node, Effect.Release release) {
    if (node.release(epoch, release).isEmpty()) {
      answer(node, () -> scheduler.released(node.id(), release.groupId(), release.attempt()));
    }
  }

  private void reply(
      SimulatedNode node,
      String groupId,
      long attempt,
      Optional<Refusal> refusal,
      BundlePhase phase) {
    if (refusal.isEmpty()) {
      answer(node, () -> scheduler.held(node.id(), groupId, attempt, phase));
    } else if (refusal.get().code() == ErrorCode.STALE_EPOCH) {
      answer(node, () -> superseded = true);
    } else {
      ErrorCode code = refusal.get().code();
      answer(node, () -> scheduler.refused(node.id(), groupId, attempt, code));
    }
  }

  /** Returns what is to be done now, having told. */
  List<Effect> drainEffects() {
    List<Effect> effects = scheduler.drain();
    effects.forEach(done);
    return superseded ? List.of() : effects;
  }
}
