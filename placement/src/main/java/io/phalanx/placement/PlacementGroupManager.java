package io.phalanx.placement;

import io.phalanx.placement.GroupEvent.GroupRejected;
import io.phalanx.placement.reservation.GroupScheduler;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import io.phalanx.placement.scheduling.AddressOrder;
import io.phalanx.placement.scheduling.PlacementPlanner;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.SingletonActor;
import org.slf4j.Logger;

/**
 * The one actor of the cluster that decides which bundle lies on which node. Programs ask it
 * through {@link PlacementGroups}.
 *
 * <p>It begins by binding the nodes to its {@link Epoch}, learning their ledgers, and reading which
 * groups earlier managers were asked for; it acts once most worker nodes have answered, and all of
 * them or {@code recovery-timeout} has passed. What to do is decided by {@link GroupScheduler};
 * this actor carries messages.
 *
 * <p>States of a group: {@link GroupState}. An actor that asks for a group gets its {@link
 * GroupEvent}s. A group that waits is planned again whenever something was freed or a node came.
 */
public final class PlacementGroupManager extends AbstractBehavior<PlacementGroupManager.Command> {

  /** The singleton's name. */
  public static final String NAME = "placement-group-manager";

  /** What the manager can be asked. */
  public sealed interface Command {}

  /**
   * Asks for a group. May be repeated: the same group is not placed twice, its state is told again,
   * and events go to the latest subscriber. A group that is not detached is removed when its
   * subscriber ends.
   */
  public record Create(PlacementGroupSpec spec, ActorRef<GroupEvent> subscriber)
      implements Command, WireMessage {}

  /**
   * Frees all that the group holds, at whatever point it is; the actors in its bundles are stopped.
   * Answered by {@link GroupEvent.GroupRemoved} once all is free, also if there is no such group.
   */
  public record Remove(String groupId, ActorRef<GroupEvent> replyTo)
      implements Command, WireMessage {}

  /** Asks for all nodes and groups. */
  public record Describe(ActorRef<Groups> replyTo) implements Command, WireMessage {}

  /** Asks for the group with this id or name, and if it waits, for what keeps it now. */
  public record Show(String group, ActorRef<Shown> replyTo) implements Command, WireMessage {}

  /** Asks where a group would go, without reserving anything. */
  public record Plan(PlacementGroupSpec spec, ClusterChange change, ActorRef<PlanResult> replyTo)
      implements Command, WireMessage {}

  /**
   * Makes a node take nothing new, or end that; what lies there stays.
   *
   * @param node its id or {@code host:port}
   * @param draining whether it is to take nothing new
   * @param replyTo is told once the node obeys, or that there is none
   */
  public record Drain(String node, boolean draining, ActorRef<DrainReply> replyTo)
      implements Command, WireMessage {}

  private record NodesChanged(NodeSource.Nodes nodes) implements Command {}

  private record NodeReplied(NodeReply reply) implements Command {}

  private record DesiredStateChanged(DesiredState.Event event) implements Command {}

  private enum Tick implements Command {
    INSTANCE
  }

  /**
   * The answer to {@link Describe}.
   *
   * @param nodes by address
   * @param groups in the order in which they were asked for
   */
  public record Groups(List<NodeView> nodes, List<GroupView> groups) implements WireMessage {

    /** Copies the lists. */
    public Groups {
      nodes = List.copyOf(nodes);
      groups = List.copyOf(groups);
    }
  }

  /** The answer to {@link Show}; empty if there is no such group. */
  public record Shown(Optional<GroupView> group) implements WireMessage {}

  /** The answer to {@link Drain}; empty if there is no such node, else its id. */
  public record DrainReply(Optional<String> nodeId) implements WireMessage {}

  /** Returns the reference by which every node of the cluster reaches the manager. */
  public static ActorRef<Command> init(ActorSystem<?> system) {
    PlacementSettings settings = PlacementSettings.of(system.settings().config());
    Behavior<Command> behavior =
        Behaviors.supervise(create(settings, ClusterNodes::create, DesiredStateReplica::create))
            .onFailure(SupervisorStrategy.restart());
    ClusterSingletonSettings singleton =
        ClusterSingletonSettings.create(system).withRole(NodeRole.CONTROL.configName());
    return ClusterSingleton.get(system)
        .init(SingletonActor.of(behavior, NAME).withSettings(singleton));
  }

  static Behavior<Command> create(
      PlacementSettings settings, NodeSource nodes, DesiredState desired) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerAtFixedRate(Tick.INSTANCE, settings.tickInterval());
                  return new PlacementGroupManager(context, settings, nodes, desired);
                }));
  }

  private final GroupScheduler scheduler;
  private final ManagedNodes nodes;
  private final GroupMessages messages;
  private final GroupSubscribers subscribers;
  private final DesiredStateWriter desired;
  private final DrainRequests drains;
  private final NodeReplies nodeReplies;
  private final GroupEffects effects;

  private PlacementGroupManager(
      ActorContext<Command> context,
      PlacementSettings settings,
      NodeSource source,
      DesiredState desiredState) {
    super(context);
    ActorRef<NodeReply> replies = context.messageAdapter(NodeReply.class, NodeReplied::new);
    this.nodes = new ManagedNodes(context, replies, settings, UUID.randomUUID().toString());
    this.messages = new GroupMessages(nodes, replies);
    this.subscribers = new GroupSubscribers(context);
    PlacementPlanner planner = new PlacementPlanner(settings.searchBudget(), System::nanoTime);
    this.scheduler = new GroupScheduler(planner, settings);
    context.spawn(
        source.tell(context.messageAdapter(NodeSource.Nodes.class, NodesChanged::new)), "nodes");
    ActorRef<DesiredState.Command> store =
        context.spawn(
            desiredState.create(
                context.messageAdapter(DesiredState.Event.class, DesiredStateChanged::new)),
            "desired-state");
    this.desired = new DesiredStateWriter(store, scheduler, subscribers);
    this.drains = new DrainRequests(nodes, replies, settings);
    Logger log = context.getLog();
    this.nodeReplies = new NodeReplies(log, scheduler, nodes, subscribers, drains);
    this.effects = new GroupEffects(log, nodes, messages, subscribers, desired);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Create.class, this::onCreate)
        .onMessage(Remove.class, this::onRemove)
        .onMessage(Describe.class, this::onDescribe)
        .onMessage(Show.class, this::onShow)
        .onMessage(Plan.class, this::onPlan)
        .onMessage(Drain.class, this::onDrain)
        .onMessage(NodesChanged.class, this::onNodesChanged)
        .onMessage(NodeReplied.class, this::onNodeReplied)
        .onMessage(DesiredStateChanged.class, this::onDesiredStateChanged)
        .onMessage(Tick.class, tick -> onTick())
        .onSignal(Terminated.class, this::onTerminated)
        .build();
  }

  private Behavior<Command> onCreate(Create command) {
    PlacementGroupSpec spec = command.spec();
    Optional<Refusal> refusal = scheduler.refusal(spec);
    if (refusal.isPresent()) {
      command
          .subscriber()
          .tell(new GroupRejected(spec.id(), refusal.get().code(), refusal.get().reason()));
    } else {
      desired.onCreate(spec.id());
      subscribers.put(spec, command.subscriber());
      scheduler.create(spec);
    }
    return carryOut();
  }

  private Behavior<Command> onRemove(Remove command) {
    subscribers.addRemover(command.groupId(), command.replyTo());
    scheduler.remove(command.groupId());
    return carryOut();
  }

  private Behavior<Command> onDescribe(Describe command) {
    List<NodeView> views =
        scheduler.nodes().stream()
            .sorted(Comparator.comparing(NodeView::address, AddressOrder.INSTANCE))
            .toList();
    command
        .replyTo()
        .tell(new Groups(views, scheduler.groups().stream().map(messages::view).toList()));
    return this;
  }

  private Behavior<Command> onShow(Show command) {
    command.replyTo().tell(new Shown(scheduler.explain(command.group()).map(messages::view)));
    return carryOut();
  }

  private Behavior<Command> onPlan(Plan command) {
    command.replyTo().tell(scheduler.plan(command.spec(), command.change()));
    return this;
  }

  private Behavior<Command> onDrain(Drain command) {
    drains.add(command);
    return this;
  }

  private Behavior<Command> onNodesChanged(NodesChanged changed) {
    nodes.changed(changed.nodes());
    nodes.ids().forEach(nodeReplies::tellCondition);
    return act();
  }

  private Behavior<Command> onNodeReplied(NodeReplied replied) {
    nodeReplies.receive(replied.reply());
    return act();
  }

  private Behavior<Command> onDesiredStateChanged(DesiredStateChanged changed) {
    if (changed.event() instanceof DesiredState.Loaded loaded) {
      desired.onLoaded(loaded);
    } else if (changed.event() instanceof DesiredState.Written written) {
      desired.onWritten(written);
    }
    return act();
  }

  private Behavior<Command> onTick() {
    nodes.tick();
    drains.tick();
    scheduler.tick();
    if (nodes.isReady()) {
      if (nodes.isComplete()) {
        scheduler.forgetTombstones();
      }
      desired.tick(nodes.epoch());
    }
    return act();
  }

  private Behavior<Command> onTerminated(Terminated terminated) {
    ActorRef<?> stopped = terminated.getRef();
    nodes.terminated(stopped).ifPresent(nodeReplies::nodeLost);
    subscribers.endedWith(stopped).forEach(scheduler::remove);
    return act();
  }

  /** Begins to act, if it may from now on, then sends what the scheduler wants sent. */
  private Behavior<Command> act() {
    if (nodes.becomesReady(desired.isLoaded())) {
      getContext().getLog().debug("Manages the nodes under epoch [{}]", nodes.epoch());
      scheduler.activate();
    }
    return carryOut();
  }

  private Behavior<Command> carryOut() {
    scheduler.drain().forEach(effects::carryOut);
    return this;
  }
}
