package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.ClusterChange;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementSettings;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.SchedulingDetail;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import io.phalanx.placement.scheduling.PlacementPlanner;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The placement group manager's mind: which groups there are, where their bundles lie, and what to
 * do next. Each method takes one piece of news; {@link #drain} then returns what is to be done.
 *
 * <p>Its time is counted in ticks, so that it is as reproducible as the news. Until {@link
 * #activate} it only learns what the nodes hold.
 */
public final class GroupScheduler {
  private static final int MOST_TOMBSTONES = 10_000;

  private final PlacementPlanner planner;
  private final PlacementSettings settings;
  private final ClusterMirror cluster = new ClusterMirror();
  private final Map<String, Group> groups = new LinkedHashMap<>();
  private final Set<String> tombstones = new LinkedHashSet<>();
  private final Set<String> removedUnseen = new LinkedHashSet<>();
  private final List<Effect> effects = new ArrayList<>();
  private boolean active;
  private long attempt;
  private long tick;

  /** Creates a scheduler that knows no node and no group. */
  public GroupScheduler(PlacementPlanner planner, PlacementSettings settings) {
    this.planner = planner;
    this.settings = settings;
  }

  /** Returns what is to be done since the last call, in order. */
  public List<Effect> drain() {
    List<Effect> drained = List.copyOf(effects);
    effects.clear();
    return drained;
  }

  /** Adds a group; one that is known already has its state told again. */
  public Optional<Refusal> create(PlacementGroupSpec spec) {
    Group known = groups.get(spec.id());
    if (known != null) {
      return known.isRemoved() || !known.spec.equals(spec)
          ? Optional.of(refusalOf(known))
          : announce(known);
    }
    for (Group other : groups.values()) {
      if (!spec.name().isEmpty() && spec.name().equals(other.spec.name())) {
        return Optional.of(
            new Refusal(
                ErrorCode.INVALID_CONFIGURATION,
                "name [%s] is that of group [%s]; choose another or remove that group"
                    .formatted(spec.name(), other.spec.id())));
      }
    }
    tombstones.remove(spec.id());
    removedUnseen.remove(spec.id());
    groups.put(spec.id(), new Group(spec));
    schedule();
    return Optional.empty();
  }

  private static Refusal refusalOf(Group known) {
    return known.isRemoved()
        ? new Refusal(
            ErrorCode.NOT_READY,
            "group [%s] is being removed; ask again when it is".formatted(known.spec.id()))
        : new Refusal(
            ErrorCode.INVALID_CONFIGURATION,
            "group [%s] exists with other bundles; remove it first".formatted(known.spec.id()));
  }

  private Optional<Refusal> announce(Group group) {
    if (group.isComplete()) {
      effects.add(new Effect.Created(group.spec.id(), new TreeMap<>(group.sites)));
    } else {
      report(group);
    }
    return Optional.empty();
  }

  /** Frees all that a group holds or is being given. */
  public void remove(String groupId) {
    Group group = groups.get(groupId);
    if (group == null) {
      buryAndTell(groupId);
      return;
    }
    Set<String> nodes = new HashSet<>(group.releases.keySet());
    group.sites.values().forEach(site -> nodes.add(site.nodeId()));
    if (group.reservation != null) {
      nodes.addAll(group.reservation.sitesOfNode().keySet());
    }
    group.state = GroupState.REMOVED;
    group.detail = SchedulingDetail.REMOVED;
    group.reservation = null;
    group.sites.clear();
    group.releases.clear();
    nodes.forEach(node -> release(group, node, Set.of()));
    forgetIfRemoved(group);
  }

  /** Until all nodes have told what they hold, a group may yet turn up on one of them. */
  private void buryAndTell(String groupId) {
    tombstones.add(groupId);
    if (tombstones.size() > MOST_TOMBSTONES) {
      tombstones.remove(tombstones.iterator().next());
    }
    if (active) {
      effects.add(new Effect.Removed(groupId));
    } else {
      removedUnseen.add(groupId);
    }
  }

  private void forgetIfRemoved(Group group) {
    if (group.isRemoved() && group.releases.isEmpty()) {
      groups.remove(group.spec.id());
      buryAndTell(group.spec.id());
    }
  }

  private void release(Group group, String nodeId, Set<Integer> bundles) {
    Effect.Release release =
        new Effect.Release(nodeId, attempt, group.spec.id(), Set.copyOf(bundles));
    group.releases.put(nodeId, release);
    group.releasesSentAt = tick;
    effects.add(release);
  }

  /**
   * Takes a node's ledger as the truth about that node, whether the node is new or known.
   *
   * @param holdings all that it holds
   */
  public void nodeState(NodeInfo node, List<Holding> holdings) {
    cluster.put(node);
    for (Holding holding : holdings) {
      cluster.hold(node.nodeId(), holding.id(), holding.resources(), holding.deviceIndexes());
    }
    Set<BundleId> held = new HashSet<>();
    holdings.forEach(holding -> held.add(holding.id()));
    for (Group group : List.copyOf(groups.values())) {
      compareWithLedger(group, node.nodeId(), held);
    }
    holdings.forEach(holding -> adopt(node.nodeId(), holding));
    if (active) {
      List.copyOf(groups.values()).forEach(this::settle);
    }
    schedule();
  }

  /** What is being reserved there stays counted; what should be there and is not, was lost. */
  private void compareWithLedger(Group group, String nodeId, Set<BundleId> held) {
    if (group.reservation != null) {
      group.reservation.sitesOn(nodeId).forEach((index, site) -> hold(group, index, site));
    }
    List<Integer> lost =
        group.sites.entrySet().stream()
            .filter(entry -> entry.getValue().nodeId().equals(nodeId))
            .map(Map.Entry::getKey)
            .filter(index -> !held.contains(group.spec.bundleId(index)))
            .toList();
    lose(group, lost, "node [%s] does not hold it any more".formatted(cluster.address(nodeId)));
  }

  private void hold(Group group, int index, BundleSite site) {
    cluster.hold(
        site.nodeId(),
        group.spec.bundleId(index),
        group.spec.bundles().get(index).resources(),
        site.deviceIndexes());
  }

  /** Makes a bundle that a node holds part of its group, or has it freed. */
  private void adopt(String nodeId, Holding holding) {
    String groupId = holding.group().id();
    Group group = groups.computeIfAbsent(groupId, id -> unknown(holding.group()));
    int index = holding.bundleIndex();
    BundleSite site = new BundleSite(nodeId, holding.deviceIndexes());
    boolean isExpected =
        site.equals(group.sites.get(index))
            || (group.reservation != null && group.reservation.sitesOn(nodeId).containsKey(index))
            || isBeingReleased(group, nodeId, index);
    if (isExpected) {
      return;
    }
    boolean isWanted =
        holding.phase() == BundlePhase.COMMITTED
            && !group.isRemoved()
            && !group.sites.containsKey(index)
            && group.reservation == null
            && group.spec.equals(holding.group());
    if (isWanted) {
      group.sites.put(index, site);
    } else {
      releaseStray(group, nodeId, index);
    }
  }

  /** A group that was removed while its node could not be asked stays removed. */
  private Group unknown(PlacementGroupSpec spec) {
    Group group = new Group(spec);
    if (tombstones.contains(spec.id())) {
      group.state = GroupState.REMOVED;
    }
    return group;
  }

  private static boolean isBeingReleased(Group group, String nodeId, int index) {
    Effect.Release release = group.releases.get(nodeId);
    return release != null && (release.bundles().isEmpty() || release.bundles().contains(index));
  }

  private void releaseStray(Group group, String nodeId, int index) {
    Set<Integer> bundles = new HashSet<>();
    if (!group.isRemoved()) {
      bundles.add(index);
      Optional.ofNullable(group.releases.get(nodeId))
          .ifPresent(pending -> bundles.addAll(pending.bundles()));
    }
    release(group, nodeId, bundles);
  }

  /** Begins to act: most nodes obey this manager and have told what they hold. */
  public void activate() {
    active = true;
    removedUnseen.removeAll(groups.keySet());
    removedUnseen.forEach(groupId -> effects.add(new Effect.Removed(groupId)));
    removedUnseen.clear();
    List.copyOf(groups.values()).forEach(this::settle);
    schedule();
  }

  /** Stops to act, since the nodes obey another manager; what they hold must be learnt anew. */
  public void deactivate() {
    active = false;
    groups.values().forEach(group -> group.reservation = null);
    groups.values().forEach(group -> group.releases.clear());
  }

  /** Draws the consequence of bundles that were found, or not, on the nodes. */
  private void settle(Group group) {
    forgetIfRemoved(group);
    List<Integer> lost = new ArrayList<>();
    group.sites.forEach(
        (index, site) -> {
          if (!cluster.contains(site.nodeId())) {
            lost.add(index);
          }
        });
    lose(group, lost, "its node is gone");
    if (!group.isRemoved() && group.reservation == null && group.state != GroupState.CREATED) {
      finish(group);
    }
  }

  private void finish(Group group) {
    if (group.isComplete()) {
      group.state = GroupState.CREATED;
      group.detail = SchedulingDetail.FINISHED;
      group.explanation = Explanation.NONE;
      group.wasCreated = true;
      effects.add(new Effect.Created(group.spec.id(), new TreeMap<>(group.sites)));
    } else {
      group.state = group.waitingState();
    }
  }

  /** A node can be asked, or cannot for now; what lies on it stays there. */
  public void nodeReachable(String nodeId, boolean reachable) {
    cluster.setReachable(nodeId, reachable);
    schedule();
  }

  /** A node is gone, and with it all that lay there. */
  public void nodeLost(String nodeId) {
    String reason = "node [%s] was lost".formatted(cluster.address(nodeId));
    cluster.remove(nodeId);
    for (Group group : List.copyOf(groups.values())) {
      group.releases.remove(nodeId);
      forgetIfRemoved(group);
      Reservation reservation = group.reservation;
      if (reservation != null && reservation.concerns(nodeId)) {
        reservation.drop(nodeId);
        afterDrop(group, reservation);
      }
      List<Integer> lost =
          group.sites.entrySet().stream()
              .filter(entry -> entry.getValue().nodeId().equals(nodeId))
              .map(Map.Entry::getKey)
              .toList();
      lose(group, lost, reason);
    }
    schedule();
  }

  private void lose(Group group, List<Integer> lost, String reason) {
    if (lost.isEmpty()) {
      return;
    }
    lost.forEach(group.sites::remove);
    group.triedAtVersion = -1;
    if (group.reservation == null) {
      group.state = group.waitingState();
      group.detail = SchedulingDetail.QUEUED;
    }
    effects.add(new Effect.Rescheduling(group.spec.id(), List.copyOf(lost), reason));
  }

  /** A node holds the bundles of an attempt. */
  public void held(String nodeId, String groupId, long itsAttempt, BundlePhase phase) {
    Group group = groups.get(groupId);
    Reservation reservation = group == null ? null : group.reservation;
    if (group == null || reservation == null || reservation.attempt() != itsAttempt) {
      return;
    }
    reservation.held(nodeId, phase);
    if (reservation.isPrepared()) {
      group.state = GroupState.PREPARED;
      reservation.startCommit(tick);
      effects.addAll(reservation.messages());
    } else if (reservation.isComplete()) {
      complete(group, reservation);
    }
  }

  private void complete(Group group, Reservation reservation) {
    reservation.sitesOfNode().values().forEach(group.sites::putAll);
    group.reservation = null;
    finish(group);
    schedule();
  }

  /** A node did not do as it was told. */
  public void refused(String nodeId, String groupId, long itsAttempt, ErrorCode code) {
    effects.add(new Effect.Resync(nodeId));
    Group group = groups.get(groupId);
    Reservation reservation = group == null ? null : group.reservation;
    if (group == null || reservation == null || reservation.attempt() != itsAttempt) {
      return;
    }
    reservation.drop(nodeId).keySet().forEach(i -> cluster.free(nodeId, group.spec.bundleId(i)));
    if (code == ErrorCode.BUNDLE_NOT_PREPARED) {
      group.detail = SchedulingDetail.FAILED_TO_COMMIT_RESOURCES;
    }
    afterDrop(group, reservation);
    schedule();
  }

  /** One node less: while preparing the attempt is given up, while committing the rest goes on. */
  private void afterDrop(Group group, Reservation reservation) {
    if (reservation.phase() == Reservation.Phase.PREPARING) {
      giveUp(group, reservation);
    } else if (reservation.isComplete()) {
      complete(group, reservation);
    }
  }

  private void giveUp(Group group, Reservation reservation) {
    group.reservation = null;
    group.state = group.waitingState();
    group.detail = SchedulingDetail.QUEUED;
    group.triedAtVersion = -1;
    group.notBefore = tick + Math.min(1L << Math.min(group.attempts, 4), 8);
    reservation.sitesOfNode().forEach((nodeId, sites) -> release(group, nodeId, sites.keySet()));
  }

  /** A node has freed what the attempt, or an earlier one, had reserved. */
  public void released(String nodeId, String groupId, long itsAttempt) {
    Group group = groups.get(groupId);
    Effect.Release release = group == null ? null : group.releases.get(nodeId);
    if (group == null || release == null || release.attempt() != itsAttempt) {
      return;
    }
    group.releases.remove(nodeId);
    for (BundleId bundle : cluster.heldOn(nodeId, groupId)) {
      if (release.bundles().isEmpty() || release.bundles().contains(bundle.index())) {
        cluster.free(nodeId, bundle);
      }
    }
    forgetIfRemoved(group);
    if (active) {
      settle(group);
    }
    schedule();
  }

  /** One {@code tick-interval} has passed: repeats what was not answered, plans and reports. */
  public void tick() {
    tick++;
    for (Group group : List.copyOf(groups.values())) {
      Reservation reservation = group.reservation;
      if (reservation != null) {
        tick(group, reservation);
      }
      if (!group.releases.isEmpty()
          && group.releasesSentAt <= tick - ticks(settings.resendInterval())) {
        effects.addAll(group.releases.values());
        group.releasesSentAt = tick;
      }
    }
    schedule();
    groups.values().stream()
        .filter(group -> group.isWaiting() && group.reportAt <= tick)
        .forEach(this::report);
  }

  private void tick(Group group, Reservation reservation) {
    if (reservation.phase() == Reservation.Phase.PREPARING
        && reservation.isOlderThan(tick - ticks(settings.reservationTimeout()))) {
      giveUp(group, reservation);
    } else if (reservation.isSilentSince(tick - ticks(settings.resendInterval()))) {
      effects.addAll(reservation.messages());
      reservation.sentAgain(tick);
    }
  }

  private long ticks(Duration duration) {
    long step = settings.tickInterval().toMillis();
    return Math.max(1, (duration.toMillis() + step - 1) / step);
  }

  /** Starts a reservation for each waiting group that has a plan; those that lost bundles first. */
  private void schedule() {
    if (!active) {
      return;
    }
    groups.values().stream()
        .filter(Group::isWaiting)
        .filter(this::isDue)
        .sorted(Comparator.comparing(group -> group.state != GroupState.RESCHEDULING))
        .toList()
        .forEach(this::tryToPlace);
  }

  private boolean isDue(Group group) {
    boolean mayHelp = group.triedAtVersion < cluster.freedVersion() || group.retryAt <= tick;
    return mayHelp && group.notBefore <= tick;
  }

  private void tryToPlace(Group group) {
    group.triedAtVersion = cluster.freedVersion();
    group.retryAt = tick + ticks(settings.retryInterval());
    Optional<PlanResult.Planned> plan =
        planner.find(group.spec, candidates(group), group.nodeOfPlaced());
    if (plan.isPresent()) {
      reserve(group, plan.get());
    } else if (group.explanation.equals(Explanation.NONE)) {
      report(group);
    }
  }

  /** Returns the nodes to plan on: not those that have yet to free an earlier attempt. */
  private List<NodeView> candidates(Group group) {
    return cluster.reachable().stream()
        .filter(node -> !group.releases.containsKey(node.nodeId()))
        .toList();
  }

  private void reserve(Group group, PlanResult.Planned plan) {
    attempt++;
    group.attempts++;
    group.detail = SchedulingDetail.SCHEDULING_STARTED;
    plan.sites().forEach((index, site) -> hold(group, index, site));
    group.reservation = new Reservation(group.spec, attempt, plan.sites(), tick);
    effects.addAll(group.reservation.messages());
  }

  /** Says why a group waits. */
  private void report(Group group) {
    group.reportAt = tick + ticks(settings.reportInterval());
    if (group.isWaiting()) {
      explain(group);
    }
    effects.add(new Effect.Pending(group.spec.id(), group.state, group.detail, group.explanation));
  }

  private void explain(Group group) {
    if (!active) {
      group.explanation =
          new Explanation("waits until most worker nodes have answered", List.of(), "");
      return;
    }
    PlanResult why = planner.plan(group.spec, candidates(group), group.nodeOfPlaced());
    if (why instanceof PlanResult.NoResources noResources) {
      group.detail = SchedulingDetail.NO_RESOURCES;
      group.explanation = noResources.explanation();
    } else if (why instanceof PlanResult.Infeasible infeasible) {
      group.detail = SchedulingDetail.INFEASIBLE;
      group.explanation = infeasible.explanation();
    } else {
      group.explanation = new Explanation("is tried again in a moment", List.of(), "");
    }
  }

  /** Plans a group on the nodes as they would be after {@code change}, without reserving. */
  public PlanResult plan(PlacementGroupSpec spec, ClusterChange change) {
    return planner.plan(spec, cluster.reachableAfter(change));
  }

  /** Returns all nodes and what is believed to be free on them. */
  public List<NodeView> nodes() {
    return cluster.all();
  }

  /** Returns all groups, in the order in which they were asked for. */
  public List<GroupSnapshot> groups() {
    return groups.values().stream().map(GroupSnapshot::of).toList();
  }
}
