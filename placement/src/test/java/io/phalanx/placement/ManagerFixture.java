package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.GroupEvent.GroupCreated;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * What tests of a {@link PlacementGroupManager} share: the manager, real or feigned nodes of one
 * GPU each, and the clock in the test's hand.
 */
abstract class ManagerFixture {
  static final PlacementSettings SETTINGS = PlacementSettings.of(ConfigFactory.defaultReference());

  final TestProbe<GroupEvent> events;
  final TestProbe<DesiredState.Command> writes;
  final List<ActorRef<NodeAgent.Command>> agents = new ArrayList<>();
  final Set<ActorRef<NodeAgent.Command>> leaving = new HashSet<>();
  ActorRef<DesiredState.Event> desired;
  ActorRef<PlacementGroupManager.Command> manager;
  private final ActorTestKit testKit;
  private final ManualTime time;
  private ActorRef<NodeSource.Nodes> listener;

  /** Creates it on {@code testKit}, whose time is manual. */
  ManagerFixture(ActorTestKit testKit) {
    this.testKit = testKit;
    this.time = ManualTime.get(testKit.system());
    this.events = testKit.createTestProbe();
    this.writes = testKit.createTestProbe();
    this.desired = testKit.system().ignoreRef();
    this.manager = testKit.system().ignoreRef();
    this.listener = testKit.system().ignoreRef();
  }

  /** Starts a manager that has read {@code groups} of its predecessors. */
  void start(DesiredGroup... groups) {
    startWithoutDesiredState();
    desired.tell(new DesiredState.Loaded(List.of(groups)));
  }

  void startWithoutDesiredState() {
    TestProbe<ActorRef<NodeSource.Nodes>> listeners = testKit.createTestProbe();
    TestProbe<ActorRef<DesiredState.Event>> stores = testKit.createTestProbe();
    manager =
        testKit.spawn(
            PlacementGroupManager.create(
                SETTINGS,
                itsListener -> {
                  listeners.ref().tell(itsListener);
                  return Behaviors.empty();
                },
                itsListener -> {
                  stores.ref().tell(itsListener);
                  return Behaviors.monitor(
                      DesiredState.Command.class, writes.ref(), Behaviors.ignore());
                }));
    listener = listeners.receiveMessage();
    desired = stores.receiveMessage();
  }

  ActorRef<NodeAgent.Command> addNode(int number) {
    ActorRef<NodeAgent.Command> agent =
        testKit.spawn(
            NodeAgent.create(
                Clusters.node(number, 1), (spec, grant) -> Behaviors.empty(), SETTINGS));
    agents.add(agent);
    return agent;
  }

  /** Adds nodes 1, 2, .. and tells the manager. */
  void nodes(int count) {
    IntStream.rangeClosed(1, count).forEach(this::addNode);
    tellNodes(count);
    events.awaitAssert(
        () -> {
          assertThat(describe().nodes()).hasSize(count);
          return events;
        });
  }

  void tellNodes(int workers) {
    listener.tell(
        new NodeSource.Nodes(Set.copyOf(agents), Set.copyOf(agents), Set.copyOf(leaving), workers));
  }

  void create(PlacementGroupSpec spec) {
    manager.tell(new PlacementGroupManager.Create(spec, events.ref()));
  }

  List<String> expectCreated() {
    return events.expectMessageClass(GroupCreated.class).placements().stream()
        .map(BundlePlacement::address)
        .toList();
  }

  PlacementGroupManager.Groups describe() {
    TestProbe<PlacementGroupManager.Groups> probe = testKit.createTestProbe();
    manager.tell(new PlacementGroupManager.Describe(probe.ref()));
    return probe.receiveMessage();
  }

  Optional<GroupView> show(String group) {
    TestProbe<PlacementGroupManager.Shown> probe = testKit.createTestProbe();
    manager.tell(new PlacementGroupManager.Show(group, probe.ref()));
    return probe.receiveMessage().group();
  }

  void tick(int times) {
    for (int i = 0; i < times; i++) {
      time.timePasses(SETTINGS.tickInterval());
      describe();
    }
  }

  /** An agent of which the test plays the part. */
  TestProbe<NodeAgent.Command> feignedNode(int number) {
    TestProbe<NodeAgent.Command> probe = testKit.createTestProbe();
    agents.add(probe.ref());
    tellNodes(agents.size());
    NodeAgent.Promise promise = probe.expectMessageClass(NodeAgent.Promise.class);
    promise.replyTo().tell(promised(promise, number, probe.ref(), List.of()));
    return probe;
  }

  static NodeReply promised(
      NodeAgent.Promise promise,
      int number,
      ActorRef<NodeAgent.Command> agent,
      List<NodeState.GroupShare> groups) {
    NodeView view = NodeView.empty(Clusters.node(number, 1));
    return new NodeReply.Promised(
        view.nodeId(), promise.epoch(), agent, new NodeState(view, groups));
  }

  static PlacementGroupSpec named(String id, String name) {
    return new PlacementGroupSpec(id, name, List.of(Bundle.ofGpus(1)), PACK);
  }
}
