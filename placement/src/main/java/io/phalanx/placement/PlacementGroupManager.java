package io.phalanx.placement;

import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.placement.GroupEvent.GroupPending;
import io.phalanx.placement.GroupEvent.GroupRejected;
import io.phalanx.placement.GroupEvent.GroupRemoved;
import io.phalanx.placement.GroupEvent.GroupRescheduling;
import io.phalanx.placement.reservation.Effect;
import io.phalanx.placement.reservation.GroupScheduler;
import io.phalanx.placement.reservation.GroupSnapshot;
import io.phalanx.placement.reservation.Holding;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import io.phalanx.placement.scheduling.AddressOrder;
import io.phalanx.placement.scheduling.PlacementPlanner;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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

/**
 * The one actor of the cluster that decides which bundle lies on which node.
 *
 * <p>It begins by binding the nodes to its {@link Epoch} and learning their ledgers; it acts once
 * most worker nodes have answered, and all of them or {@code recovery-timeout} has passed. What to
 * do is decided by {@link GroupScheduler}; this actor carries messages.
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
   * and events go to the latest subscriber.
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

  /** Asks where a group would go, without reserving anything. */
  public record Plan(PlacementGroupSpec spec, ClusterChange change, ActorRef<PlanResult> replyTo)
      implements Command, WireMessage {}

  private record NodesChanged(NodeSource.Nodes nodes) implements Command {}

  private record NodeReplied(NodeAgent.Reply reply) implements Command {}

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

  /** Returns the reference by which every node of the cluster reaches the manager. */
  public static ActorRef<Command> init(ActorSystem<?> system) {
    PlacementSettings settings = PlacementSettings.of(system.settings().config());
    Behavior<Command> behavior =
        Behaviors.supervise(create(settings, ClusterNodes::create))
            .onFailure(SupervisorStrategy.restart());
    ClusterSingletonSettings singleton =
        ClusterSingletonSettings.create(system).withRole(NodeRole.CONTROL.configName());
    return ClusterSingleton.get(system)
        .init(SingletonActor.of(behavior, NAME).withSettings(singleton));
  }

  static Behavior<Command> create(PlacementSettings settings, NodeSource nodes) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerAtFixedRate(Tick.INSTANCE, settings.tickInterval());
                  return new PlacementGroupManager(context, settings, nodes);
                }));
  }

  private final ActorRef<NodeAgent.Reply> replies;
  private final GroupScheduler scheduler;
  private final ManagedNodes nodes;
  private final Map<String, ActorRef<GroupEvent>> subscribers = new HashMap<>();
  private final Map<String, List<ActorRef<GroupEvent>>> removers = new HashMap<>();

  private PlacementGroupManager(
      ActorContext<Command> context, PlacementSettings settings, NodeSource source) {
    super(context);
    this.replies = context.messageAdapter(NodeAgent.Reply.class, NodeReplied::new);
    this.nodes = new ManagedNodes(context, replies, settings, UUID.randomUUID().toString());
    PlacementPlanner planner = new PlacementPlanner(settings.searchBudget(), System::nanoTime);
    this.scheduler = new GroupScheduler(planner, settings);
    context.spawn(
        source.tell(context.messageAdapter(NodeSource.Nodes.class, NodesChanged::new)), "nodes");
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Create.class, this::onCreate)
        .onMessage(Remove.class, this::onRemove)
        .onMessage(Describe.class, this::onDescribe)
        .onMessage(Plan.class, this::onPlan)
        .onMessage(NodesChanged.class, this::onNodesChanged)
        .onMessage(NodeReplied.class, this::onNodeReplied)
        .onMessage(Tick.class, tick -> onTick())
        .onSignal(Terminated.class, this::onTerminated)
        .build();
  }

  private Behavior<Command> onCreate(Create command) {
    String groupId = command.spec().id();
    Optional<ActorRef<GroupEvent>> before =
        Optional.ofNullable(subscribers.put(groupId, command.subscriber()));
    Optional<Refusal> refusal = scheduler.create(command.spec());
    if (refusal.isPresent()) {
      before.ifPresentOrElse(
          other -> subscribers.put(groupId, other), () -> subscribers.remove(groupId));
      command
          .subscriber()
          .tell(new GroupRejected(groupId, refusal.get().code(), refusal.get().reason()));
    } else if (!command.spec().options().detached()) {
      getContext().watch(command.subscriber());
    }
    return carryOut();
  }

  private Behavior<Command> onRemove(Remove command) {
    removers.computeIfAbsent(command.groupId(), id -> new ArrayList<>()).add(command.replyTo());
    scheduler.remove(command.groupId());
    return carryOut();
  }

  private Behavior<Command> onDescribe(Describe command) {
    List<NodeView> views =
        scheduler.nodes().stream()
            .sorted(Comparator.comparing(NodeView::address, AddressOrder.INSTANCE))
            .toList();
    command.replyTo().tell(new Groups(views, scheduler.groups().stream().map(this::view).toList()));
    return this;
  }

  private GroupView view(GroupSnapshot group) {
    return new GroupView(
        group.spec(),
        group.state(),
        group.detail(),
        placements(group.sites()),
        group.explanation(),
        group.attempts());
  }

  private Behavior<Command> onPlan(Plan command) {
    command.replyTo().tell(scheduler.plan(command.spec(), command.change()));
    return this;
  }

  private Behavior<Command> onNodesChanged(NodesChanged changed) {
    nodes.changed(changed.nodes());
    nodes.ids().forEach(id -> scheduler.nodeReachable(id, nodes.isReachable(id)));
    activateOnceReady();
    return carryOut();
  }

  private Behavior<Command> onNodeReplied(NodeReplied replied) {
    if (!replied.reply().epoch().equals(nodes.epoch())) {
      return this;
    }
    NodeAgent.Reply reply = replied.reply();
    if (reply instanceof NodeAgent.Promised promised) {
      onPromised(promised);
    } else if (reply instanceof NodeAgent.Held held) {
      scheduler.held(held.nodeId(), held.groupId(), held.attempt(), held.phase());
    } else if (reply instanceof NodeAgent.Released released) {
      scheduler.released(released.nodeId(), released.groupId(), released.attempt());
    } else if (reply instanceof NodeAgent.Refused refused) {
      onRefused(refused);
    }
    return carryOut();
  }

  private void onPromised(NodeAgent.Promised promised) {
    nodes.promised(promised);
    List<Holding> holdings = new ArrayList<>();
    for (NodeState.GroupShare share : promised.state().groups()) {
      subscribers.putIfAbsent(share.group().id(), share.subscriber());
      share.bundles().forEach(bundle -> holdings.add(holding(share.group(), bundle, promised)));
    }
    scheduler.nodeState(promised.state().view().node(), holdings);
    scheduler.nodeReachable(promised.nodeId(), nodes.isReachable(promised.nodeId()));
    activateOnceReady();
  }

  private static Holding holding(
      PlacementGroupSpec group, NodeState.HeldBundle bundle, NodeAgent.Promised promised) {
    return new Holding(
        group,
        bundle.bundleIndex(),
        promised.epoch(),
        bundle.attempt(),
        bundle.deviceIndexes(),
        bundle.phase());
  }

  private void onRefused(NodeAgent.Refused refused) {
    getContext()
        .getLog()
        .info(
            "Node [{}] refused group [{}]: {}",
            refused.nodeId(),
            refused.groupId(),
            refused.reason());
    if (refused.code() == ErrorCode.STALE_EPOCH) {
      scheduler.deactivate();
      nodes.superseded(refused.promised());
    } else {
      scheduler.refused(refused.nodeId(), refused.groupId(), refused.attempt(), refused.code());
    }
  }

  private void activateOnceReady() {
    if (nodes.becomesReady()) {
      getContext().getLog().debug("Manages the nodes under epoch [{}]", nodes.epoch());
      scheduler.activate();
    }
  }

  private Behavior<Command> onTick() {
    nodes.tick();
    activateOnceReady();
    scheduler.tick();
    return carryOut();
  }

  private Behavior<Command> onTerminated(Terminated terminated) {
    ActorRef<?> stopped = terminated.getRef();
    nodes.terminated(stopped).ifPresent(scheduler::nodeLost);
    scheduler.groups().stream()
        .filter(group -> !group.spec().options().detached())
        .map(group -> group.spec().id())
        .filter(id -> stopped.equals(subscribers.get(id)))
        .forEach(scheduler::remove);
    activateOnceReady();
    return carryOut();
  }

  /** Sends what the scheduler wants sent. */
  private Behavior<Command> carryOut() {
    for (Effect effect : scheduler.drain()) {
      if (effect instanceof Effect.ToNode toNode) {
        nodes.agent(toNode.nodeId()).ifPresent(agent -> agent.tell(command(toNode)));
      } else if (effect instanceof Effect.Removed removed) {
        onRemoved(removed.groupId());
      } else if (effect instanceof Effect.ToSubscriber news) {
        GroupEvent event = event(news);
        getContext().getLog().debug("{}", event);
        subscriber(news.groupId()).tell(event);
      }
    }
    return this;
  }

  private NodeAgent.Command command(Effect.ToNode effect) {
    Epoch epoch = nodes.epoch();
    if (effect instanceof Effect.Prepare prepare) {
      return new NodeAgent.Prepare(
          epoch,
          prepare.attempt(),
          prepare.group(),
          subscriber(prepare.group().id()),
          prepare.devicesOfBundle(),
          prepare.commit(),
          replies);
    }
    if (effect instanceof Effect.Commit commit) {
      return new NodeAgent.Commit(epoch, commit.attempt(), commit.groupId(), replies);
    }
    if (effect instanceof Effect.Release release) {
      return new NodeAgent.Release(
          epoch, release.attempt(), release.groupId(), release.bundles(), replies);
    }
    return new NodeAgent.Promise(epoch, replies);
  }

  private GroupEvent event(Effect.ToSubscriber news) {
    String groupId = news.groupId();
    if (news instanceof Effect.Created created) {
      getContext().getLog().debug("Group [{}] is created on {}", groupId, created.sites());
      return new GroupCreated(groupId, placements(created.sites()));
    }
    if (news instanceof Effect.Rescheduling lost) {
      getContext()
          .getLog()
          .warn("Group [{}] lost {}: {}", groupId, lost.lostBundles(), lost.reason());
      return new GroupRescheduling(groupId, lost.lostBundles(), lost.reason());
    }
    if (news instanceof Effect.Pending pending) {
      return new GroupPending(groupId, pending.state(), pending.detail(), pending.explanation());
    }
    return new GroupRemoved(groupId);
  }

  private void onRemoved(String groupId) {
    GroupRemoved removed = new GroupRemoved(groupId);
    getContext().getLog().debug("Group [{}] is removed", groupId);
    Set<ActorRef<GroupEvent>> listeners = new HashSet<>();
    Optional.ofNullable(removers.remove(groupId)).ifPresent(listeners::addAll);
    Optional.ofNullable(subscribers.remove(groupId)).ifPresent(listeners::add);
    listeners.forEach(listener -> listener.tell(removed));
  }

  private ActorRef<GroupEvent> subscriber(String groupId) {
    return subscribers.getOrDefault(groupId, getContext().getSystem().deadLetters());
  }

  private List<BundlePlacement> placements(Map<Integer, BundleSite> sites) {
    List<BundlePlacement> placements = new ArrayList<>();
    new TreeMap<>(sites)
        .forEach(
            (index, site) ->
                nodes
                    .agent(site.nodeId())
                    .ifPresent(agent -> placements.add(placement(index, site, agent))));
    return placements;
  }

  private BundlePlacement placement(int index, BundleSite site, ActorRef<NodeAgent.Command> agent) {
    String address = nodes.address(site.nodeId());
    return new BundlePlacement(index, site.nodeId(), address, site.deviceIndexes(), agent);
  }
}
