package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.llm.serving.DeploymentController.Command;
import io.phalanx.llm.serving.DeploymentController.Own;
import io.phalanx.placement.GroupView;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.error.ErrorCode;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * The gangs of one deployment: starts, adopts and stops them, and knows how they are; used by its
 * controller alone.
 */
final class DeploymentGangs implements ReplicaGang.Listener {
  /** A gang tells how it is. */
  record GangChanged(GangSpec gang, Rollout.Phase phase, List<ReplicaStatus> replicas)
      implements Own {}

  /** A gang has failed and starts again. */
  record GangFailed(GangSpec gang, ErrorCode code, String reason) implements Own {}

  /** A gang has ended and holds nothing. */
  record GangEnded(int ordinal) implements Own {}

  /** Replicas have had time to announce themselves. */
  record AdoptionEnds() implements Own {}

  /** The placement group manager tells all groups. */
  record GroupsListed(PlacementGroupManager.Groups groups) implements Own {}

  /** A manager that has just been replaced too may not know all groups at first. */
  private static final int LISTINGS = 10;

  private final ActorContext<Command> context;
  private final ActorRef<Command> self;
  private final ServingSettings settings;
  private final ActorRef<PlacementGroupManager.Command> manager;
  private final GangTable<ActorRef<ReplicaGang.Command>> table = new GangTable<>();
  private final ActorRef<PlacementGroupManager.Groups> groups;
  private final Adoption adoption = new Adoption();
  private final String modelId;
  private boolean adopting;

  /** How often groups without a replica are still to be looked for. */
  private int listingsLeft;

  DeploymentGangs(
      ActorContext<Command> context,
      String modelId,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager) {
    this.context = context;
    this.self = context.getSelf();
    this.modelId = modelId;
    this.groups = context.messageAdapter(PlacementGroupManager.Groups.class, GroupsListed::new);
    this.settings = settings;
    this.manager = manager;
  }

  /** Waits for replicas that run already; none starts meanwhile. */
  void takeOver(TimerScheduler<Command> timers) {
    adopting = true;
    timers.startSingleTimer(new AdoptionEnds(), settings.adoptionTimeout());
  }

  boolean isAdopting() {
    return adopting;
  }

  void endAdoption() {
    adopting = false;
    listingsLeft = LISTINGS;
    askForGroups();
  }

  /** Returns whether no group of an earlier controller can be left. */
  boolean isSettled() {
    return listingsLeft == 0;
  }

  /** Asks again for what has not been answered. */
  void tick() {
    if (listingsLeft > 0) {
      askForGroups();
    }
  }

  private void askForGroups() {
    manager.tell(new PlacementGroupManager.Describe(groups));
  }

  @Override
  public void onChange(GangSpec gang, Rollout.Phase phase, List<ReplicaStatus> replicas) {
    self.tell(new GangChanged(gang, phase, replicas));
  }

  @Override
  public void onFailure(GangSpec gang, ErrorCode code, String reason) {
    self.tell(new GangFailed(gang, code, reason));
  }

  GangTable<?> table() {
    return table;
  }

  boolean isEmpty() {
    return table.isEmpty();
  }

  /** Returns how many can answer. */
  int ready() {
    return table.ready();
  }

  /** Returns whether a gang of this version can answer. */
  boolean isReady(DeploymentVersion version) {
    return table.view().stream()
        .filter(gang -> gang.version().equals(version.id()))
        .anyMatch(gang -> gang.phase() == Rollout.Phase.READY);
  }

  /** Returns what autoscaling sees of the gangs. */
  ScalingInput scalingInput(long atEpochMillis, int target, int queuedRequests) {
    int starting = Math.max(0, target - ready());
    return new ScalingInput(
        atEpochMillis, ready(), starting, target, queuedRequests, table.backlog());
  }

  /** Says so if gangs are laid over nodes otherwise than the configuration asks for. */
  void tellStrategy(LlmConfig config) {
    PlacementStrategy used = ReplicaBundles.strategy(config);
    if (used != config.placementGroupConfig().strategy()) {
      context
          .getLog()
          .info("Model [{}] is data parallel: its strategy becomes [{}]", modelId, used);
    }
  }

  List<Rollout.Gang> view() {
    return table.view();
  }

  void carryOut(Rollout.Plan plan) {
    plan.stop().forEach(this::stop);
    for (Rollout.Start start : plan.start()) {
      spawn(new GangSpec(start.version(), start.ordinal()), List.of());
    }
  }

  private void stop(int ordinal) {
    table.stop(ordinal).ifPresent(gang -> gang.tell(new ReplicaGang.Stop()));
  }

  private void spawn(GangSpec gang, List<DeploymentController.Announce> adopted) {
    ActorRef<ReplicaGang.Command> actor =
        context.spawnAnonymous(ReplicaGang.create(gang, adopted, settings, manager, this));
    table.add(gang.ordinal(), gang.version().id(), actor);
    context.watchWith(actor, new GangEnded(gang.ordinal()));
  }

  /** Tells the gangs of a version that counts, limits or delays have changed. */
  void reconfigure(DeploymentVersion version) {
    ReplicaGang.Reconfigure reconfigure = new ReplicaGang.Reconfigure(version.config());
    table.forEach(version.id(), gang -> gang.tell(reconfigure));
  }

  /**
   * A replica has nobody who answers for it. One that is known has not heard of its adoption; any
   * other is adopted with its gang.
   *
   * @param version what it serves, as it is now
   * @return whether a gang was adopted
   */
  boolean announced(DeploymentController.Announce announce, DeploymentVersion version) {
    Optional<ActorRef<ReplicaGang.Command>> known = table.ofReplica(announce.spec().name());
    if (known.isPresent()) {
      known.get().tell(new ReplicaGang.AdoptAgain(announce.replica()));
      return false;
    }
    Optional<List<DeploymentController.Announce>> complete = adoption.add(announce);
    complete.ifPresent(
        gang -> adopt(new GangSpec(version, table.freeOrdinal(announce.spec().gang())), gang));
    return complete.isPresent();
  }

  private void adopt(GangSpec gang, List<DeploymentController.Announce> announced) {
    spawn(gang, announced);
    GangMembers members = GangMembers.adopted(announced);
    table.update(gang.ordinal(), members.phase(), members.status(gang));
    for (DeploymentController.Announce announce : announced) {
      context.getLog().info("Replica [{}] is adopted", announce.spec().name());
    }
    if (announced.stream().anyMatch(DeploymentController.Announce::draining)) {
      stop(gang.ordinal());
    }
  }

  /** Takes what a gang tells; returns where it stands now if that has changed. */
  Optional<Rollout.Phase> update(GangChanged changed) {
    return table.update(changed.gang().ordinal(), changed.phase(), changed.replicas());
  }

  void ended(int ordinal) {
    table.remove(ordinal);
  }

  /** Removes the groups that an earlier controller had asked for and no replica has claimed. */
  void giveBackUnclaimed(GroupsListed listed) {
    listingsLeft = Math.max(0, listingsLeft - 1);
    Set<String> claimed = table.replicaNames();
    for (GroupView group : listed.groups().groups()) {
      String id = group.spec().id();
      if (ReplicaNames.isOf(modelId, group.spec().name()) && !claimed.contains(id)) {
        context.getLog().info("Group [{}] has no replica and is given back", id);
        manager.tell(new PlacementGroupManager.Remove(id, context.getSystem().ignoreRef()));
      }
    }
  }
}
