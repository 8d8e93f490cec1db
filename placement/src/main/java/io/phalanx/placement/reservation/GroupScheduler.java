package io.phalanx.placement.reservation;

import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.ClusterChange;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementSettings;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import io.phalanx.placement.scheduling.PlacementPlanner;
import io.phalanx.runtime.error.ErrorCode;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The placement group manager's mind: which groups there are, where their bundles lie, and what to
 * do next. Each method takes one piece of news; {@link #drain} then returns what is to be done.
 *
 * <p>Its time is counted in ticks, so that it is as reproducible as the news. Until {@link
 * #activate} it only learns what the nodes hold.
 */
public final class GroupScheduler {
  private final PlacementPlanner planner;
  private final ManagerState manager;
  private final GroupLife life;
  private final Reservations reservations;
  private final LedgerComparison ledgers;
  private final GroupQueue queue;

  /** Creates a scheduler that knows no node and no group. */
  public GroupScheduler(PlacementPlanner planner, PlacementSettings settings) {
    this(planner, settings, System::nanoTime);
  }

  /**
   * Creates a scheduler that knows no node and no group.
   *
   * @param nanoTime the time, in nanoseconds, that latencies are reported in
   */
  public GroupScheduler(
      PlacementPlanner planner, PlacementSettings settings, LongSupplier nanoTime) {
    this.planner = planner;
    this.manager = ManagerState.create(settings, nanoTime);
    this.life = new GroupLife(manager);
    this.reservations = new Reservations(manager, life);
    this.ledgers = new LedgerComparison(manager, life, reservations);
    this.queue = new GroupQueue(manager, planner, reservations);
  }

  /** Returns what is to be done since the last call, in order. */
  public List<Effect> drain() {
    return manager.outbox().drain();
  }

  /** Returns why {@link #create} would refuse a group, or nothing. */
  public Optional<Refusal> refusal(PlacementGroupSpec spec) {
    return manager.groups().refusal(spec);
  }

  /** Adds a group; one that is known already has its state told again. */
  public Optional<Refusal> create(PlacementGroupSpec spec) {
    Optional<Refusal> refusal = refusal(spec);
    if (refusal.isPresent()) {
      return refusal;
    }
    Group known = manager.groups().get(spec.id());
    if (known == null) {
      life.begin(spec);
      schedule();
    } else if (life.claim(known)) {
      schedule();
    } else if (known.isComplete()) {
      life.tellCreated(known);
    } else {
      queue.report(known, life.isActive());
    }
    return Optional.empty();
  }

  /** Adds a group that an earlier manager was asked for, unless it was removed since. */
  public void restore(PlacementGroupSpec spec) {
    Group known = manager.groups().get(spec.id());
    if (known != null) {
      life.claim(known);
    } else if (!manager.groups().isBuried(spec.id())) {
      life.begin(spec);
    }
  }

  /** Frees what turns up of a group whose removal an earlier manager had not finished. */
  public void restoreRemoved(String groupId) {
    Group known = manager.groups().get(groupId);
    if (known == null) {
      manager.groups().bury(groupId);
    }
  }

  /** Frees all that a group holds or is being given. */
  public void remove(String groupId) {
    Group group = manager.groups().get(groupId);
    if (group == null) {
      life.confirmRemoval(groupId);
    } else {
      reservations.remove(group);
      schedule();
    }
  }

  /**
   * Takes a node's ledger as the truth about that node, whether the node is new or known.
   *
   * @param holdings all that it holds
   */
  public void nodeState(NodeInfo node, List<Holding> holdings) {
    nodeState(NodeView.empty(node), holdings);
  }

  /**
   * Takes a node's ledger as the truth about that node, whether the node is new or known.
   *
   * @param node says what the node is and whether it drains; what is free follows from the holdings
   * @param holdings all that it holds
   */
  public void nodeState(NodeView node, List<Holding> holdings) {
    ledgers.learn(node, holdings);
    schedule();
  }

  /** Begins to act: most nodes obey this manager and have told what they hold. */
  public void activate() {
    life.activate();
    ledgers.settleAll();
    schedule();
  }

  /** Stops to act, since the nodes obey another manager; what they hold must be learnt anew. */
  public void deactivate() {
    life.deactivate();
    for (Group group : manager.groups().all()) {
      group.reservation = null;
      group.releases.clear();
      manager.groups().enqueue(group);
    }
  }

  /** A node can be asked, or cannot for now; what lies on it stays there. */
  public void nodeReachable(String nodeId, boolean reachable) {
    manager.cluster().setReachable(nodeId, reachable);
    schedule();
  }

  /** A node takes nothing new from now on, or does again; what lies on it stays there. */
  public void nodeDraining(String nodeId, boolean draining) {
    manager.cluster().setDraining(nodeId, draining);
    schedule();
  }

  /** A node is gone, and with it all that lay there. */
  public void nodeLost(String nodeId) {
    String reason = "node [%s] was lost".formatted(manager.cluster().address(nodeId));
    manager.cluster().remove(nodeId);
    for (Group group : manager.groups().copy()) {
      reservations.nodeLost(nodeId, group);
      life.lose(group, group.bundlesOn(nodeId::equals), reason);
    }
    schedule();
  }

  /** A node holds the bundles of an attempt. */
  public void held(String nodeId, String groupId, long itsAttempt, BundlePhase phase) {
    Group group = manager.groups().get(groupId);
    if (group != null) {
      reservations.held(nodeId, group, itsAttempt, phase);
      schedule();
    }
  }

  /** A node did not do as it was told. */
  public void refused(String nodeId, String groupId, long itsAttempt, ErrorCode code) {
    manager.outbox().add(new Effect.Resync(nodeId));
    Group group = manager.groups().get(groupId);
    if (group != null) {
      reservations.refused(nodeId, group, itsAttempt, code);
      schedule();
    }
  }

  /** A node has freed what the attempt, or an earlier one, had reserved. */
  public void released(String nodeId, String groupId, long itsAttempt) {
    Group group = manager.groups().get(groupId);
    if (group != null) {
      reservations.released(nodeId, group, itsAttempt);
      schedule();
    }
  }

  /** One {@code tick-interval} has passed: repeats what was not answered, plans and reports. */
  public void tick() {
    manager.clock().advance();
    manager.groups().copy().forEach(reservations::tick);
    queue.guard(life.isActive());
    schedule();
    queue.tick(life.isActive());
  }

  private void schedule() {
    if (life.isActive()) {
      queue.schedule();
    }
  }

  /** Plans a group on the nodes as they would be after {@code change}, without reserving. */
  public PlanResult plan(PlacementGroupSpec spec, ClusterChange change) {
    return planner.whatIf(spec, manager.cluster().reachable(), change);
  }

  /** Returns all nodes and what is believed to be free on them. */
  public List<NodeView> nodes() {
    return manager.cluster().all();
  }

  /** Returns all groups, in the order in which they were asked for. */
  public List<GroupSnapshot> groups() {
    return manager.groups().all().stream()
        .filter(group -> group.claimed || group.isRemoved())
        .map(GroupSnapshot::of)
        .toList();
  }

  /** Returns the group with this id or name and, if it waits, what keeps it now. */
  public Optional<GroupSnapshot> explain(String idOrName) {
    Optional<Group> group = manager.groups().find(idOrName);
    group.ifPresent(known -> queue.explain(known, life.isActive()));
    return group.map(GroupSnapshot::of);
  }

  /** Returns the ids of removed groups of which a silent node may still hold bundles. */
  public Set<String> tombstones() {
    return Set.copyOf(manager.groups().tombstones());
  }

  /** Forgets which groups were removed, since every node has told what it holds. */
  public void forgetTombstones() {
    manager.groups().tombstones().clear();
  }
}
