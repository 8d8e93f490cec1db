package io.phalanx.placement;

import io.phalanx.placement.NodeState.Child;
import io.phalanx.placement.reservation.Holding;
import io.phalanx.placement.reservation.ResourceLedger;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/**
 * The keeper of one node's resources and the parent of all that runs in its bundles.
 *
 * <p>Its {@link ResourceLedger} is the truth about what is reserved here; {@link BundlePhase} lists
 * how a bundle goes through it. The {@link PlacementGroupManager} reserves and frees; whoever owns
 * a group launches actors in its bundles. A bundle is free only when the last actor in it has
 * stopped.
 *
 * <p>Every command may be repeated: it gets the same reply and changes nothing more.
 */
public final class NodeAgent extends AbstractBehavior<NodeAgent.Command> {

  /** Under which the agents of all nodes are found. */
  public static final ServiceKey<Command> SERVICE_KEY =
      ServiceKey.create(Command.class, "phalanx-node-agent");

  /** What a node agent can be asked. */
  public sealed interface Command {}

  /** Binds the node to the manager of this epoch: lesser epochs are refused from now on. */
  public record Promise(Epoch epoch, ActorRef<Reply> replyTo) implements Command, WireMessage {}

  /**
   * Holds some bundles of a group, all or none, until committed, released or timed out.
   *
   * @param epoch the manager's
   * @param attempt counts the manager's attempts; a lesser one than was released is refused
   * @param group the whole group
   * @param subscriber whom the group's events go to; kept for a later manager
   * @param devicesOfBundle bundle index to the devices that it is to hold, or share
   * @param commit whether to commit at once, since no other node is concerned
   * @param replyTo gets {@link Held} or {@link Refused}
   */
  public record Prepare(
      Epoch epoch,
      long attempt,
      PlacementGroupSpec group,
      ActorRef<GroupEvent> subscriber,
      Map<Integer, List<Integer>> devicesOfBundle,
      boolean commit,
      ActorRef<Reply> replyTo)
      implements Command, WireMessage {

    /** Copies the map. */
    public Prepare {
      devicesOfBundle = Map.copyOf(devicesOfBundle);
    }
  }

  /** Makes all that was prepared in this attempt permanent; {@link Held} or {@link Refused}. */
  public record Commit(Epoch epoch, long attempt, String groupId, ActorRef<Reply> replyTo)
      implements Command, WireMessage {}

  /**
   * Stops what runs in these bundles, then frees them.
   *
   * @param epoch the manager's
   * @param attempt frees what this attempt or an earlier one reserved, and fences those
   * @param groupId the group
   * @param bundles bundle indexes; empty: all of the group
   * @param replyTo gets {@link Released} once all is free, or {@link Refused}
   */
  public record Release(
      Epoch epoch, long attempt, String groupId, Set<Integer> bundles, ActorRef<Reply> replyTo)
      implements Command, WireMessage {

    /** Copies the set. */
    public Release {
      bundles = Set.copyOf(bundles);
    }
  }

  /**
   * Starts an actor in a committed bundle. May be repeated: while the actor lives, the same name
   * and spec get the same actor.
   *
   * @param bundle the bundle
   * @param name unique in the bundle
   * @param spec what the node's {@link WorkerLauncher} is to start
   * @param replyTo gets {@link Launched} or {@link LaunchRefused}
   */
  public record Launch(BundleId bundle, String name, LaunchSpec spec, ActorRef<LaunchReply> replyTo)
      implements Command, WireMessage {}

  /** Stops an actor that was started in a bundle; unknown ones are ignored. */
  public record Stop(BundleId bundle, String name) implements Command, WireMessage {}

  /** Asks for the node's ledger and what runs in its bundles. */
  public record Describe(ActorRef<NodeState> replyTo) implements Command, WireMessage {}

  private record PrepareTimedOut(Epoch epoch, long attempt, String groupId) implements Command {}

  private record ChildStopped(BundleId bundle, String name) implements Command {}

  /** The answer to a manager; names the node and the request that it answers. */
  public sealed interface Reply extends WireMessage {

    /** Returns the id of the node that answers. */
    String nodeId();

    /** Returns the epoch of the request. */
    Epoch epoch();
  }

  /** The node obeys this epoch; {@code state} is all that it holds. */
  public record Promised(String nodeId, Epoch epoch, ActorRef<Command> agent, NodeState state)
      implements Reply {}

  /** The bundles of this attempt are in {@code phase}. */
  public record Held(String nodeId, Epoch epoch, String groupId, long attempt, BundlePhase phase)
      implements Reply {}

  /** What the {@link Release} named is free. */
  public record Released(String nodeId, Epoch epoch, String groupId, long attempt)
      implements Reply {}

  /**
   * Nothing changed.
   *
   * @param nodeId the node
   * @param epoch the epoch of the request
   * @param groupId the group concerned; "" if the request was a {@link Promise}
   * @param attempt the attempt concerned; 0 if the request was a {@link Promise}
   * @param code says whether another node or a retry may help
   * @param reason in words
   * @param promised the epoch that the node obeys
   */
  public record Refused(
      String nodeId,
      Epoch epoch,
      String groupId,
      long attempt,
      ErrorCode code,
      String reason,
      Epoch promised)
      implements Reply {}

  /** The answer to a {@link Launch}. */
  public sealed interface LaunchReply extends WireMessage {

    /** Returns the bundle of the request. */
    BundleId bundle();

    /** Returns the name of the request. */
    String name();
  }

  /** The actor runs; {@code actor.narrow()} gives it the type of its messages. */
  public record Launched(BundleId bundle, String name, ActorRef<Object> actor)
      implements LaunchReply {}

  /** No actor was started. */
  public record LaunchRefused(BundleId bundle, String name, ErrorCode code, String reason)
      implements LaunchReply {}

  /**
   * Creates the agent of a node on which nothing is reserved, and makes it known to the cluster.
   *
   * @param node what the node offers
   * @param launcher starts what is placed in bundles
   * @param settings its prepare time-out counts
   */
  public static Behavior<Command> create(
      NodeInfo node, WorkerLauncher launcher, PlacementSettings settings) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new NodeAgent(context, timers, node, launcher, settings)));
  }

  private final TimerScheduler<Command> timers;
  private final NodeInfo node;
  private final PlacementSettings settings;
  private final ResourceLedger ledger;
  private final BundleActors actors;
  private final Map<String, ActorRef<GroupEvent>> subscribers = new HashMap<>();
  private final List<Release> waitingReleases = new ArrayList<>();

  private NodeAgent(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      NodeInfo node,
      WorkerLauncher launcher,
      PlacementSettings settings) {
    super(context);
    this.timers = timers;
    this.node = node;
    this.settings = settings;
    this.ledger = new ResourceLedger(node);
    this.actors = new BundleActors(context, launcher, node, ChildStopped::new);
    context.getSystem().receptionist().tell(Receptionist.register(SERVICE_KEY, context.getSelf()));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Promise.class, this::onPromise)
        .onMessage(Prepare.class, this::onPrepare)
        .onMessage(Commit.class, this::onCommit)
        .onMessage(Release.class, this::onRelease)
        .onMessage(Launch.class, this::onLaunch)
        .onMessage(Stop.class, this::onStop)
        .onMessage(Describe.class, this::onDescribe)
        .onMessage(PrepareTimedOut.class, this::onPrepareTimedOut)
        .onMessage(ChildStopped.class, this::onChildStopped)
        .build();
  }

  private Behavior<Command> onPromise(Promise command) {
    Optional<Refusal> refusal = ledger.promise(command.epoch());
    command
        .replyTo()
        .tell(
            refusal
                .<Reply>map(why -> refused(command.epoch(), "", 0, why))
                .orElseGet(() -> promised(command.epoch())));
    return this;
  }

  private Behavior<Command> onPrepare(Prepare command) {
    String groupId = command.group().id();
    BundlePhase phase = command.commit() ? BundlePhase.COMMITTED : BundlePhase.PREPARED;
    Optional<Refusal> refusal =
        ledger.prepare(
            command.epoch(), command.attempt(), command.group(), command.devicesOfBundle(), phase);
    if (refusal.isPresent()) {
      command.replyTo().tell(refused(command.epoch(), groupId, command.attempt(), refusal.get()));
      return this;
    }
    subscribers.put(groupId, command.subscriber());
    if (!command.commit()) {
      PrepareTimedOut timeout = new PrepareTimedOut(command.epoch(), command.attempt(), groupId);
      timers.startSingleTimer(timeout, timeout, settings.prepareTimeout());
    }
    getContext().getLog().debug("Group [{}] has {} here", groupId, command.devicesOfBundle());
    command.replyTo().tell(held(command.epoch(), groupId, command.attempt(), phase));
    return this;
  }

  private Behavior<Command> onCommit(Commit command) {
    Optional<Refusal> refusal =
        ledger.commit(command.epoch(), command.attempt(), command.groupId());
    Reply reply =
        refusal
            .<Reply>map(why -> refused(command.epoch(), command.groupId(), command.attempt(), why))
            .orElseGet(
                () ->
                    held(
                        command.epoch(),
                        command.groupId(),
                        command.attempt(),
                        BundlePhase.COMMITTED));
    timers.cancel(new PrepareTimedOut(command.epoch(), command.attempt(), command.groupId()));
    command.replyTo().tell(reply);
    return this;
  }

  private Behavior<Command> onRelease(Release command) {
    Optional<Refusal> refusal =
        ledger.release(command.epoch(), command.attempt(), command.groupId(), command.bundles());
    if (refusal.isPresent()) {
      command
          .replyTo()
          .tell(refused(command.epoch(), command.groupId(), command.attempt(), refusal.get()));
      return this;
    }
    for (Holding holding : ledger.of(command.groupId())) {
      if (holding.phase() == BundlePhase.RELEASING && !actors.stopAll(holding.id())) {
        ledger.free(holding.id());
      }
    }
    waitingReleases.add(command);
    answerFinishedReleases();
    return this;
  }

  private Behavior<Command> onChildStopped(ChildStopped stopped) {
    actors.remove(stopped.bundle(), stopped.name());
    if (actors.isEmpty(stopped.bundle())) {
      ledger.free(stopped.bundle());
      answerFinishedReleases();
    }
    return this;
  }

  private void answerFinishedReleases() {
    for (Release release : List.copyOf(waitingReleases)) {
      if (isFinished(release)) {
        waitingReleases.remove(release);
        release
            .replyTo()
            .tell(
                new Released(node.nodeId(), release.epoch(), release.groupId(), release.attempt()));
      }
    }
    subscribers.keySet().removeIf(groupId -> ledger.of(groupId).isEmpty());
  }

  private boolean isFinished(Release release) {
    return ledger.of(release.groupId()).stream()
        .filter(holding -> holding.phase() == BundlePhase.RELEASING)
        .noneMatch(
            holding ->
                release.bundles().isEmpty() || release.bundles().contains(holding.bundleIndex()));
  }

  private Behavior<Command> onPrepareTimedOut(PrepareTimedOut timeout) {
    if (ledger.expire(timeout.epoch(), timeout.attempt(), timeout.groupId())) {
      getContext()
          .getLog()
          .warn(
              "Group [{}] was not committed within [{}], freed",
              timeout.groupId(),
              settings.prepareTimeout());
    }
    return this;
  }

  private Behavior<Command> onLaunch(Launch command) {
    boolean isCommitted =
        ledger
            .holding(command.bundle())
            .filter(holding -> holding.phase() == BundlePhase.COMMITTED)
            .isPresent();
    if (!isCommitted) {
      String reason =
          "bundle [%s] is not reserved on node [%s]".formatted(command.bundle(), node.address());
      command.replyTo().tell(launchRefused(command, ErrorCode.BUNDLE_NOT_PREPARED, reason));
      return this;
    }
    try {
      Child child = actors.launch(command, ledger.holding(command.bundle()).orElseThrow());
      command.replyTo().tell(new Launched(command.bundle(), command.name(), child.actor()));
    } catch (ServingException e) {
      command.replyTo().tell(launchRefused(command, e.code(), e.reason()));
    } catch (RuntimeException e) {
      getContext().getLog().error("Launch of [{}] failed", command.name(), e);
      command.replyTo().tell(launchRefused(command, ErrorCode.INTERNAL, String.valueOf(e)));
    }
    return this;
  }

  private static LaunchRefused launchRefused(Launch command, ErrorCode code, String reason) {
    return new LaunchRefused(command.bundle(), command.name(), code, reason);
  }

  private Behavior<Command> onStop(Stop command) {
    actors.stop(command.bundle(), command.name());
    return this;
  }

  private Behavior<Command> onDescribe(Describe command) {
    command.replyTo().tell(state());
    return this;
  }

  private NodeState state() {
    Map<String, List<Holding>> byGroup = new LinkedHashMap<>();
    for (Holding holding : ledger.holdings()) {
      byGroup.computeIfAbsent(holding.group().id(), id -> new ArrayList<>()).add(holding);
    }
    return new NodeState(ledger.view(), byGroup.values().stream().map(this::share).toList());
  }

  private NodeState.GroupShare share(List<Holding> holdings) {
    PlacementGroupSpec group = holdings.get(0).group();
    ActorRef<GroupEvent> subscriber =
        subscribers.getOrDefault(group.id(), getContext().getSystem().deadLetters());
    return new NodeState.GroupShare(
        group,
        subscriber,
        holdings.stream()
            .map(
                holding ->
                    new NodeState.HeldBundle(
                        holding.bundleIndex(),
                        holding.phase(),
                        holding.attempt(),
                        holding.deviceIndexes(),
                        actors.of(holding.id())))
            .toList());
  }

  private Promised promised(Epoch epoch) {
    return new Promised(node.nodeId(), epoch, getContext().getSelf(), state());
  }

  private Held held(Epoch epoch, String groupId, long attempt, BundlePhase phase) {
    return new Held(node.nodeId(), epoch, groupId, attempt, phase);
  }

  private Refused refused(Epoch epoch, String groupId, long attempt, Refusal why) {
    return new Refused(
        node.nodeId(), epoch, groupId, attempt, why.code(), why.reason(), ledger.promised());
  }
}
