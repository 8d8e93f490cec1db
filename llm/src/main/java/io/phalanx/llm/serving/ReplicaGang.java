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
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/**
 * The replicas that start, restart and stop together: one, or as many as the data-parallel size.
 *
 * <p>It asks for a placement group for each replica, launches all once every group is there, and
 * makes them findable once all are ready. If one fails, it gives all groups back, which ends what
 * runs in them, waits, and starts over under new names.
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
    void onChange(int ordinal, List<ReplicaStatus> replicas);

    /** A replica has failed; it is started again until the gang is stopped. */
    void onFailure(ErrorCode code, String reason);
  }

  private final TimerScheduler<Command> timers;
  private final LlmConfig config;
  private final String deploymentId;
  private final int ordinal;
  private final ServingSettings settings;
  private final ActorRef<PlacementGroupManager.Command> manager;
  private final Listener listener;
  private final ActorRef<GroupEvent> groupEvents;
  private final ActorRef<NodeAgent.LaunchReply> launchReplies;
  private List<GangMember> members;
  private int failures;
  private boolean stopping;

  /** Creates a gang, which starts at once. */
  static Behavior<Command> create(
      LlmConfig config,
      String deploymentId,
      int ordinal,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager,
      Listener listener) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    new ReplicaGang(
                        context,
                        timers,
                        config,
                        deploymentId,
                        ordinal,
                        settings,
                        manager,
                        listener)));
  }

  private ReplicaGang(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      LlmConfig config,
      String deploymentId,
      int ordinal,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager,
      Listener listener) {
    super(context);
    this.timers = timers;
    this.config = config;
    this.deploymentId = deploymentId;
    this.ordinal = ordinal;
    this.settings = settings;
    this.manager = manager;
    this.listener = listener;
    this.groupEvents = context.messageAdapter(GroupEvent.class, GroupChanged::new);
    this.launchReplies = context.messageAdapter(NodeAgent.LaunchReply.class, LaunchAnswered::new);
    timers.startTimerWithFixedDelay(new Tick(), TICK);
    this.members = newMembers();
    createGroups();
  }

  private List<GangMember> newMembers() {
    String model = config.modelId().replaceAll("[^A-Za-z0-9.-]", "-");
    String incarnation = UUID.randomUUID().toString().substring(0, 4);
    int size = config.parallel().dataParallelSize();
    return IntStream.range(0, size)
        .mapToObj(
            member ->
                size == 1
                    ? "%s-%d-%s".formatted(model, ordinal, incarnation)
                    : "%s-%d.%d-%s".formatted(model, ordinal, member, incarnation))
        .map(GangMember::new)
        .toList();
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
        .onMessage(Stop.class, this::onStop)
        .onMessage(Tick.class, this::onTick)
        .build();
  }

  private void createGroups() {
    for (GangMember member : members) {
      manager.tell(
          new PlacementGroupManager.Create(
              ReplicaBundles.group(config, member.name()), groupEvents));
    }
    changed();
  }

  private void changed() {
    listener.onChange(ordinal, members.stream().map(member -> member.status(ordinal)).toList());
  }

  private Behavior<Command> onGroupChanged(GroupChanged changed) {
    GroupEvent event = changed.event();
    GangMember member = find(event.groupId());
    if (member == null) {
      return this;
    }
    if (event instanceof GroupEvent.GroupPending pending) {
      String why = pending.explanation().toString();
      member.waitBecause(why);
      getContext().getLog().warn("Replica [{}] waits for room: {}", member.name(), why);
    } else if (event instanceof GroupEvent.GroupCreated created) {
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

  private @Nullable GangMember find(String name) {
    return members.stream().filter(member -> member.name().equals(name)).findFirst().orElse(null);
  }

  private void launchIfComplete() {
    if (!members.stream().allMatch(GangMember::isPlaced)) {
      return;
    }
    for (GangMember member : members) {
      if (!member.isLaunched() && member.state() == ReplicaState.STARTING) {
        BundlePlacement first = member.placements().get(0);
        ReplicaSpec spec =
            new ReplicaSpec(
                member.name(),
                config,
                deploymentId,
                member.placements(),
                getContext().getSelf().narrow());
        BundleId bundle = new BundleId(member.name(), first.bundleIndex());
        first.agent().tell(new NodeAgent.Launch(bundle, REPLICA_ACTOR, spec, launchReplies));
      }
    }
  }

  private Behavior<Command> onLaunchAnswered(LaunchAnswered answered) {
    GangMember member = find(answered.reply().bundle().groupId());
    if (member == null || member.isLaunched()) {
      return this;
    }
    if (answered.reply() instanceof NodeAgent.LaunchRefused refused) {
      return fail(member, refused.code(), refused.reason());
    }
    NodeAgent.Launched launched = (NodeAgent.Launched) answered.reply();
    ActorRef<Replica.Command> replica = launched.actor().narrow();
    member.launched(replica);
    getContext().watchWith(replica, new ReplicaLost(member.name()));
    return this;
  }

  private Behavior<Command> onProgress(Progress progress) {
    GangMember member = find(progress.replica());
    if (member != null) {
      member.progress(progress.text());
      changed();
    }
    return this;
  }

  private Behavior<Command> onReady(Ready ready) {
    GangMember member = find(ready.replica());
    if (member == null || member.state() != ReplicaState.STARTING) {
      return this;
    }
    member.launched(ready.actor());
    member.ready(ready);
    if (members.stream().allMatch(other -> other.state() == ReplicaState.READY)) {
      failures = 0;
      members.forEach(other -> tell(other, new Replica.Activate()));
    }
    changed();
    return this;
  }

  private static void tell(GangMember member, Replica.Command message) {
    ActorRef<Replica.Command> replica = member.actor();
    if (replica != null) {
      replica.tell(message);
    }
  }

  private Behavior<Command> onReported(Reported reported) {
    GangMember member = find(reported.replica());
    if (member != null) {
      member.report(reported.backlog());
      changed();
    }
    return this;
  }

  private Behavior<Command> onFailed(Failed failed) {
    GangMember member = find(failed.replica());
    return member == null ? this : fail(member, failed.code(), failed.reason());
  }

  private Behavior<Command> onReplicaLost(ReplicaLost lost) {
    GangMember member = find(lost.replica());
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
    failures++;
    getContext().getLog().warn("Replica [{}] failed: {}", failed.name(), failed.where() + reason);
    for (GangMember member : members) {
      member.fail(member == failed ? reason : "restarts with " + failed.name());
      remove(member);
    }
    changed();
    listener.onFailure(code, failed.where() + reason);
    return this;
  }

  private Duration delay() {
    Duration delay = settings.restartDelay();
    for (int i = 1; i < failures && delay.compareTo(settings.maxRestartDelay()) < 0; i++) {
      delay = delay.multipliedBy(2);
    }
    return delay.compareTo(settings.maxRestartDelay()) < 0 ? delay : settings.maxRestartDelay();
  }

  private void remove(GangMember member) {
    manager.tell(new PlacementGroupManager.Remove(member.name(), groupEvents));
  }

  private Behavior<Command> onGroupRemoved(GangMember member) {
    member.remove();
    if (!members.stream().allMatch(GangMember::isRemoved)) {
      return this;
    }
    if (stopping) {
      return Behaviors.stopped();
    }
    timers.startSingleTimer(new StartAgain(), delay());
    return this;
  }

  private Behavior<Command> onStartAgain(StartAgain again) {
    if (!stopping) {
      members = newMembers();
      createGroups();
    }
    return this;
  }

  private Behavior<Command> onStop(Stop stop) {
    stopping = true;
    if (members.stream().allMatch(GangMember::isRemoved)) {
      return Behaviors.stopped();
    }
    for (GangMember member : members) {
      if (member.isLaunched()) {
        member.drain();
        tell(member, new Replica.Drain());
      } else {
        remove(member);
      }
    }
    changed();
    return this;
  }

  private Behavior<Command> onDrained(Drained drained) {
    GangMember member = find(drained.replica());
    if (member != null) {
      remove(member);
    }
    return this;
  }

  /** Asks again for what has not been answered, since messages between nodes may be lost. */
  private Behavior<Command> onTick(Tick tick) {
    for (GangMember member : members) {
      if (member.state() == ReplicaState.FAILED && !member.isRemoved()) {
        remove(member);
      } else if (member.hasNotBeenHeardOf() && !stopping) {
        manager.tell(
            new PlacementGroupManager.Create(
                ReplicaBundles.group(config, member.name()), groupEvents));
      }
    }
    launchIfComplete();
    return this;
  }
}
