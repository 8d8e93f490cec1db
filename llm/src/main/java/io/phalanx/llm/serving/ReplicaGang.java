package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.Explanation;
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
  private final GangLife life;

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
                timers ->
                    new ReplicaGang(context, timers, gang, settings, manager, listener)
                        .begin(adopted)));
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
    this.restartDelay = new RestartDelay(settings);
    this.manager = manager;
    this.listener = listener;
    this.groupEvents = context.messageAdapter(GroupEvent.class, GroupChanged::new);
    this.launchReplies = context.messageAdapter(NodeAgent.LaunchReply.class, LaunchAnswered::new);
    this.life = new GangLife(gang, new Effects());
  }

  private Behavior<Command> begin(List<DeploymentController.Announce> adopted) {
    timers.startTimerWithFixedDelay(new Tick(), TICK);
    if (adopted.isEmpty()) {
      life.start();
    } else {
      life.adopt(adopted, getContext().getSelf());
    }
    return this;
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

  private Behavior<Command> onGroupChanged(GroupChanged changed) {
    life.onGroup(changed.event());
    return life.isOver() ? Behaviors.stopped() : this;
  }

  private Behavior<Command> onLaunchAnswered(LaunchAnswered answered) {
    String replica = answered.reply().bundle().groupId();
    if (answered.reply() instanceof NodeAgent.LaunchRefused refused) {
      life.launchRefused(replica, refused.code(), refused.reason());
    } else if (answered.reply() instanceof NodeAgent.Launched launched) {
      life.launched(replica, launched.actor().narrow());
    }
    return this;
  }

  private Behavior<Command> onProgress(Progress progress) {
    life.progress(progress.replica(), progress.text());
    return this;
  }

  private Behavior<Command> onReady(Ready ready) {
    life.ready(ready);
    return this;
  }

  private Behavior<Command> onReported(Reported reported) {
    life.reported(reported.replica(), reported.backlog());
    return this;
  }

  private Behavior<Command> onFailed(Failed failed) {
    life.failed(failed.replica(), failed.code(), failed.reason());
    return this;
  }

  private Behavior<Command> onReplicaLost(ReplicaLost lost) {
    life.failed(lost.replica(), ErrorCode.REPLICA_FAILED, "the replica or its node ended");
    return this;
  }

  private Behavior<Command> onDrained(Drained drained) {
    life.drained(drained.replica());
    return this;
  }

  private Behavior<Command> onStartAgain(StartAgain again) {
    life.startAgain();
    return this;
  }

  private Behavior<Command> onReconfigure(Reconfigure reconfigure) {
    life.reconfigure(reconfigure.config());
    return this;
  }

  private Behavior<Command> onAdoptAgain(AdoptAgain again) {
    again.replica().tell(new Replica.Adopt(getContext().getSelf()));
    return this;
  }

  private Behavior<Command> onStop(Stop stop) {
    life.stop();
    return life.isOver() ? Behaviors.stopped() : this;
  }

  private Behavior<Command> onTick(Tick tick) {
    life.tick();
    return this;
  }

  /** Carries out what becomes of the replicas, by messages and timers. */
  private final class Effects implements GangLife.Effects {
    @Override
    public void createGroup(GangSpec gang, GangMember member) {
      String name = ReplicaNames.group(gang.config().modelId(), member.name());
      manager.tell(
          new PlacementGroupManager.Create(
              ReplicaBundles.group(gang.config(), member.name(), name), groupEvents));
    }

    @Override
    public void removeGroup(GangMember member) {
      manager.tell(new PlacementGroupManager.Remove(member.name(), groupEvents));
    }

    @Override
    public void launch(GangSpec gang, GangMember member) {
      BundlePlacement first = member.placements().get(0);
      BundleId bundle = new BundleId(member.name(), first.bundleIndex());
      ReplicaSpec spec = member.spec(gang, getContext().getSelf());
      first.agent().tell(new NodeAgent.Launch(bundle, REPLICA_ACTOR, spec, launchReplies));
    }

    @Override
    public void watch(GangMember member, ActorRef<Replica.Command> replica) {
      getContext().watchWith(replica, new ReplicaLost(member.name()));
    }

    @Override
    public void startAgainLater() {
      timers.startSingleTimer(new StartAgain(), restartDelay.next());
    }

    @Override
    public void started() {
      restartDelay.reset();
    }

    @Override
    public void waits(GangMember member, Explanation explanation) {
      getContext().getLog().warn("Replica [{}] waits for room: {}", member.name(), explanation);
    }

    @Override
    public void changed(GangSpec gang, GangMembers members) {
      listener.onChange(gang, members.phase(), members.status(gang));
    }

    @Override
    public void failed(GangSpec gang, GangMember member, ErrorCode code, String reason) {
      getContext().getLog().warn("Replica [{}] failed: {}", member.name(), reason);
      listener.onFailure(gang, code, reason);
    }
  }
}
