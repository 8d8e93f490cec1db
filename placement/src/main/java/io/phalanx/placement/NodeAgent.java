package io.phalanx.placement;

import io.phalanx.placement.reservation.Holding;
import io.phalanx.placement.reservation.ResourceLedger;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.serialization.WireMessage;
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
  public record Promise(Epoch epoch, ActorRef<NodeReply> replyTo) implements Command, WireMessage {}

  /**
   * Holds some bundles of a group, all or none, until committed, released or timed out.
   *
   * @param epoch the manager's
   * @param attempt counts the manager's attempts; a lesser one than was released is refused
   * @param group the whole group
   * @param subscriber whom the group's events go to; kept for a later manager
   * @param devicesOfBundle bundle index to the devices that it is to hold, or share
   * @param commit whether to commit at once, since no other node is concerned
   * @param replyTo gets {@link NodeReply.Held} or {@link NodeReply.Refused}
   */
  public record Prepare(
      Epoch epoch,
      long attempt,
      PlacementGroupSpec group,
      ActorRef<GroupEvent> subscriber,
      Map<Integer, List<Integer>> devicesOfBundle,
      boolean commit,
      ActorRef<NodeReply> replyTo)
      implements Command, WireMessage {

    /** Copies the map. */
    public Prepare {
      devicesOfBundle = Map.copyOf(devicesOfBundle);
    }
  }

  /**
   * Makes all that was prepared in this attempt permanent; {@link NodeReply.Held} or {@link
   * NodeReply.Refused}.
   */
  public record Commit(Epoch epoch, long attempt, String groupId, ActorRef<NodeReply> replyTo)
      implements Command, WireMessage {}

  /**
   * Stops what runs in these bundles, then frees them.
   *
   * @param epoch the manager's
   * @param attempt frees what this attempt or an earlier one reserved, and fences those
   * @param groupId the group
   * @param bundles bundle indexes; empty: all of the group
   * @param replyTo gets {@link NodeReply.Released} once all is free, or {@link NodeReply.Refused}
   */
  public record Release(
      Epoch epoch, long attempt, String groupId, Set<Integer> bundles, ActorRef<NodeReply> replyTo)
      implements Command, WireMessage {

    /** Copies the set. */
    public Release {
      bundles = Set.copyOf(bundles);
    }
  }

  /** Takes nothing new from now on, or does again; what is held stays. */
  public record Drain(Epoch epoch, boolean draining, ActorRef<NodeReply> replyTo)
      implements Command, WireMessage {}

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
  private final LedgerRequests requests;
  private final ResourceLedger ledger;
  private final BundleActors actors;
  private final LedgerSubscribers subscribers;
  private final PendingReleases releases;

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
    this.requests = new LedgerRequests(node);
    this.ledger = requests.ledger();
    this.subscribers = new LedgerSubscribers(ledger, context.getSystem().deadLetters());
    this.actors = new BundleActors(context, launcher, node, ChildStopped::new);
    this.releases = new PendingReleases(node.nodeId(), requests, actors);
    context.getSystem().receptionist().tell(Receptionist.register(SERVICE_KEY, context.getSelf()));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Promise.class, this::onPromise)
        .onMessage(Prepare.class, this::onPrepare)
        .onMessage(Commit.class, this::onCommit)
        .onMessage(Release.class, this::onRelease)
        .onMessage(Drain.class, this::onDrain)
        .onMessage(Launch.class, this::onLaunch)
        .onMessage(Stop.class, this::onStop)
        .onMessage(Describe.class, this::onDescribe)
        .onMessage(PrepareTimedOut.class, this::onPrepareTimedOut)
        .onMessage(ChildStopped.class, this::onChildStopped)
        .build();
  }

  private Behavior<Command> onPromise(Promise command) {
    command
        .replyTo()
        .tell(
            requests.promise(
                command,
                () ->
                    new NodeReply.Promised(
                        node.nodeId(), command.epoch(), getContext().getSelf(), state())));
    return this;
  }

  private Behavior<Command> onPrepare(Prepare command) {
    NodeReply reply = requests.prepare(command);
    if (reply instanceof NodeReply.Held) {
      String groupId = command.group().id();
      getContext().getLog().debug("Group [{}] has {} here", groupId, command.devicesOfBundle());
      subscribers.put(groupId, command.subscriber());
      PrepareTimedOut timeout = new PrepareTimedOut(command.epoch(), command.attempt(), groupId);
      if (!command.commit()) {
        timers.startSingleTimer(timeout, timeout, settings.prepareTimeout());
      }
    }
    command.replyTo().tell(reply);
    return this;
  }

  private Behavior<Command> onCommit(Commit command) {
    NodeReply reply = requests.commit(command);
    if (reply instanceof NodeReply.Held) {
      timers.cancel(new PrepareTimedOut(command.epoch(), command.attempt(), command.groupId()));
    }
    command.replyTo().tell(reply);
    return this;
  }

  private Behavior<Command> onRelease(Release command) {
    Optional<NodeReply> refusal = requests.release(command);
    if (refusal.isPresent()) {
      command.replyTo().tell(refusal.get());
      return this;
    }
    releases.add(command);
    subscribers.forgetIfFree(command.groupId());
    return this;
  }

  private Behavior<Command> onDrain(Drain command) {
    command.replyTo().tell(requests.drain(command));
    return this;
  }

  private Behavior<Command> onChildStopped(ChildStopped stopped) {
    actors.remove(stopped.bundle(), stopped.name());
    releases.stopped(stopped.bundle());
    subscribers.forgetIfFree(stopped.bundle().groupId());
    return this;
  }

  private Behavior<Command> onPrepareTimedOut(PrepareTimedOut timeout) {
    if (ledger.expire(timeout.epoch(), timeout.attempt(), timeout.groupId())) {
      subscribers.forgetIfFree(timeout.groupId());
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
    Optional<Holding> committed =
        ledger
            .holding(command.bundle())
            .filter(holding -> holding.phase() == BundlePhase.COMMITTED);
    LaunchReply reply =
        committed
            .map(holding -> actors.launch(command, holding))
            .orElseGet(() -> BundleActors.refusedAsNotReserved(command, node));
    command.replyTo().tell(reply);
    return this;
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
    return subscribers.state(actors);
  }
}
