package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.GroupEvent;
import io.phalanx.placement.NodeAgent;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.serialization.WireMessage;
import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * The replicas that start, restart and stop together: one, or as many as the data-parallel size.
 *
 * <p>It asks for a placement group for each replica, launches all once every group is there, and
 * makes them findable once all are ready. If one fails, it gives all groups back, which ends what
 * runs in them, waits, and starts over under new names. A gang that ends with its controller's node
 * leaves its replicas running; the next controller's gang adopts them.
 */
public final class ReplicaGang extends AbstractBehavior<ReplicaGang.Command> {
  private static final Duration TICK = Duration.ofSeconds(5);
  private static final String REPLICA_ACTOR = "replica";

  /** What a gang can be told. */
  public sealed interface Command {}

  /** How far a replica's start is, in words. */
  public record Progress(String replica, String text) implements Command, WireMessage {}

  /** A replica has generated a real token. */
  public record Ready(
      String replica, ActorRef<Replica.Command> actor, List<RankInfo> ranks, int maxModelLength)
      implements Command, WireMessage {

    /** Copies the list. */
    public Ready {
      ranks = List.copyOf(ranks);
    }
  }

  /** A replica tells its backlog. */
  public record Reported(String replica, Backlog backlog, EngineStats stats)
      implements Command, WireMessage {}

  /** A replica has ended, and why. */
  public record Failed(String replica, ErrorCode code, String reason)
      implements Command, WireMessage {}

  /** A replica has finished its requests and ended. */
  public record Drained(String replica) implements Command, WireMessage {}

  /** Passes on limits and delays that have changed. */
  record Reconfigure(LlmConfig config) implements Command {}

  /** A replica that was adopted has not heard so. */
  record AdoptAgain(ActorRef<Replica.Command> replica) implements Command {}

  /** Finishes the requests, gives everything back and ends. */
  record Stop() implements Command {}

  private record GroupChanged(GroupEvent event) implements Command {}

  private record LaunchAnswered(NodeAgent.LaunchReply reply) implements Command {}

  private record ReplicaLost(String replica) implements Command {}

  private record StartAgain() implements Command {}

  private record Tick() implements Command {}

  /** Whom a gang tells what becomes of it. */
  interface Listener {

    /** Something has changed. */
    void onChange(GangSpec gang, Rollout.Phase phase, List<ReplicaStatus> replicas);

    /** A replica has failed; it is started again until the gang is stopped. */
    void onFailure(GangSpec gang, ErrorCode code, String reason);
  }

  private final TimerScheduler<Command> timers;
  private final ActorRef<PlacementGroupManager.Command> manager;
  private final Listener listener;
  private final ActorRef<GroupEvent> groupEvents;
  private final ActorRef<NodeAgent.LaunchReply> launchReplies;
  private final RestartDelay restartDelay;
  private GangSpec gang;
  private GangMembers members;
  private boolean stopping;

  /**
   * Creates a gang, which starts at once.
   *
   * @param adopted the replicas that run already, all of the gang's or none
   */
  static Behavior<Command> create(
      GangSpec gang,
      List<DeploymentController.Announce> adopted,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager,
      Listener listener) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  ReplicaGang created =
                      new ReplicaGang(context, timers, gang, settings, manager, listener);
                  if (adopted.isEmpty()) {
                    created.start();
                  } else {
                    created.adopt(adopted);
                  }
                  return created;
                }));
  }

  private ReplicaGang(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      GangSpec gang,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager,
      Listener listener) {
    super(context);
    this.timers = timers;
    this.gang = gang;
    this.restartDelay = new RestartDelay(settings);
    this.manager = manager;
    this.listener = listener;
    this.groupEvents = context.messageAdapter(GroupEvent.class, GroupChanged::new);
    this.launchReplies = context.messageAdapter(NodeAgent.LaunchReply.class, LaunchAnswered::new);
    this.members = GangMembers.named(gang);
    timers.startTimerWithFixedDelay(new Tick(), TICK);
  }

  /** Its controller learns the names of the groups before the manager does. */
  private void start() {
    changed();
    members.forEach(this::createGroup);
  }

  private void adopt(List<DeploymentController.Announce> adopted) {
    members = GangMembers.adopted(adopted);
    for (DeploymentController.Announce announced : adopted) {
      watch(announced.spec().name(), announced.replica());
      announced.replica().tell(new Replica.Adopt(getContext().getSelf()));
    }
    activateIfReady();
    start();
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(GroupChanged.class, this::onGroupChanged)
        .onMessage(LaunchAnswered.class, this::onLaunchAnswered)
        .onMessage(Progress.class, this::onProgress)
        .onMessage(Ready.class, this::onReady)
        .onMessage(Reported.class, this::onReported)
        .onMessage(Failed.class, this::onFailed)
        .onMessage(ReplicaLost.class, this::onReplicaLost)
        .onMessage(Drained.class, this::onDrained)
        .onMessage(StartAgain.class, this::onStartAgain)
        .onMessage(Reconfigure.class, this::onReconfigure)
        .onMessage(AdoptAgain.class, this::onAdoptAgain)
        .onMessage(Stop.class, this::onStop)
        .onMessage(Tick.class, this::onTick)
        .build();
  }

  private void createGroup(GangMember member) {
    String name = ReplicaNames.group(gang.config().modelId(), member.name());
    manager.tell(
        new PlacementGroupManager.Create(
            ReplicaBundles.group(gang.config(), member.name(), name), groupEvents));
  }

  private void changed() {
    listener.onChange(gang, members.phase(), members.status(gang));
  }

  private Behavior<Command> onGroupChanged(GroupChanged changed) {
    GroupEvent event = changed.event();
    GangMember member = members.find(event.groupId());
    boolean isGone = event instanceof GroupEvent.GroupRemoved;
    if (member == null || (member.isRemovalAsked() && !isGone)) {
      return this;
    }
    if (event instanceof GroupEvent.GroupPending pending) {
      member.waitBecause(pending);
      getContext()
          .getLog()
          .warn("Replica [{}] waits for room: {}", member.name(), pending.explanation());
    } else if (event instanceof GroupEvent.GroupCreated created && !member.isLaunched()) {
      member.place(created.placements());
      launchIfComplete();
    } else if (event instanceof GroupEvent.GroupRejected rejected) {
      return fail(member, rejected.code(), rejected.reason());
    } else if (event instanceof GroupEvent.GroupRescheduling lost) {
      String reason = "bundles " + lost.lostBundles() + " were lost: " + lost.reason();
      return fail(member, ErrorCode.REPLICA_FAILED, reason);
    } else if (event instanceof GroupEvent.GroupRemoved) {
      return onGroupRemoved(member);
    }
    changed();
    return this;
  }

  private void launchIfComplete() {
    if (!members.all(GangMember::isPlaced)) {
      return;
    }
    for (GangMember member : members) {
      if (!member.isLaunched() && member.state() == ReplicaState.STARTING) {
        BundlePlacement first = member.placements().get(0);
        BundleId bundle = new BundleId(member.name(), first.bundleIndex());
        ReplicaSpec spec = member.spec(gang, getContext().getSelf());
        first.agent().tell(new NodeAgent.Launch(bundle, REPLICA_ACTOR, spec, launchReplies));
      }
    }
  }

  private Behavior<Command> onLaunchAnswered(LaunchAnswered answered) {
    GangMember member = members.find(answered.reply().bundle().groupId());
    if (member == null || member.isLaunched()) {
      return this;
    }
    if (answered.reply() instanceof NodeAgent.LaunchRefused refused) {
      return fail(member, refused.code(), refused.reason());
    }
    NodeAgent.Launched launched = (NodeAgent.Launched) answered.reply();
    ActorRef<Replica.Command> replica = launched.actor().narrow();
    member.launched(replica);
    watch(member.name(), replica);
    return this;
  }

  private void watch(String name, ActorRef<Replica.Command> replica) {
    getContext().watchWith(replica, new ReplicaLost(name));
  }

  private Behavior<Command> onProgress(Progress progress) {
    GangMember member = members.find(progress.replica());
    if (member != null) {
      member.progress(progress.text());
      changed();
    }
    return this;
  }

  private Behavior<Command> onReady(Ready ready) {
    GangMember member = members.find(ready.replica());
    if (member == null || member.state() != ReplicaState.STARTING) {
      return this;
    }
    if (!member.isLaunched()) {
      member.launched(ready.actor());
      watch(member.name(), ready.actor());
    }
    member.ready(ready);
    activateIfReady();
    changed();
    return this;
  }

  /** Replicas that loaded meanwhile learn the limits that have changed since they began. */
  private void activateIfReady() {
    if (members.all(member -> member.state() == ReplicaState.READY)) {
      restartDelay.reset();
      members.forEach(member -> member.tell(new Replica.Reconfigure(gang.config())));
      members.forEach(member -> member.tell(new Replica.Activate()));
    }
  }

  private Behavior<Command> onReconfigure(Reconfigure reconfigure) {
    gang = gang.withConfig(reconfigure.config());
    members.forEach(member -> member.tell(new Replica.Reconfigure(gang.config())));
    return this;
  }

  private Behavior<Command> onAdoptAgain(AdoptAgain again) {
    again.replica().tell(new Replica.Adopt(getContext().getSelf()));
    return this;
  }

  private Behavior<Command> onReported(Reported reported) {
    GangMember member = members.find(reported.replica());
    if (member != null) {
      member.report(reported.backlog());
      changed();
    }
    return this;
  }

  private Behavior<Command> onFailed(Failed failed) {
    GangMember member = members.find(failed.replica());
    return member == null ? this : fail(member, failed.code(), failed.reason());
  }

  private Behavior<Command> onReplicaLost(ReplicaLost lost) {
    GangMember member = members.find(lost.replica());
    return member == null
        ? this
        : fail(member, ErrorCode.REPLICA_FAILED, "the replica or its node ended");
  }

  private Behavior<Command> fail(GangMember failed, ErrorCode code, String reason) {
    if (failed.state() == ReplicaState.FAILED) {
      return this;
    }
    if (stopping) {
      failed.fail(reason);
      remove(failed);
      return this;
    }
    getContext().getLog().warn("Replica [{}] failed: {}", failed.name(), failed.where() + reason);
    for (GangMember member : members) {
      member.fail(member == failed ? reason : "restarts with " + failed.name());
      remove(member);
    }
    changed();
    listener.onFailure(gang, code, failed.where() + reason);
    return this;
  }

  private void remove(GangMember member) {
    if (member.askRemoval()) {
      manager.tell(new PlacementGroupManager.Remove(member.name(), groupEvents));
    }
  }

  private Behavior<Command> onGroupRemoved(GangMember member) {
    member.removed();
    if (!members.all(GangMember::isRemoved)) {
      return this;
    }
    if (stopping) {
      return Behaviors.stopped();
    }
    timers.startSingleTimer(new StartAgain(), restartDelay.next());
    return this;
  }

  private Behavior<Command> onStartAgain(StartAgain again) {
    if (!stopping) {
      members = GangMembers.named(gang);
      start();
    }
    return this;
  }

  private Behavior<Command> onStop(Stop stop) {
    stopping = true;
    if (members.all(GangMember::isRemoved)) {
      return Behaviors.stopped();
    }
    members.forEach(this::stop);
    changed();
    return this;
  }

  private void stop(GangMember member) {
    if (member.isLaunched()) {
      member.drain();
      member.tell(new Replica.Drain());
    } else {
      remove(member);
    }
  }

  private Behavior<Command> onDrained(Drained drained) {
    GangMember member = members.find(drained.replica());
    if (member != null) {
      remove(member);
    }
    return this;
  }

  /** Asks again for what has not been answered, since messages between nodes may be lost. */
  private Behavior<Command> onTick(Tick tick) {
    for (GangMember member : members) {
      if (member.isRemovalOverdue()) {
        remove(member);
      } else if (stopping && !member.isRemovalAsked()) {
        stop(member);
      } else if (member.hasNotBeenHeardOf() && !stopping) {
        createGroup(member);
      }
    }
    launchIfComplete();
    if (!stopping) {
      activateIfReady();
    }
    return this;
  }
}
