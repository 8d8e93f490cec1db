package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.placement.GroupEvent.GroupPending;
import io.phalanx.placement.GroupEvent.GroupRejected;
import io.phalanx.placement.GroupEvent.GroupRemoved;
import io.phalanx.placement.GroupEvent.GroupRescheduling;
import io.phalanx.runtime.error.ErrorCode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The manager and real or feigned nodes of one GPU each, with the clock in the test's hand. */
final class PlacementGroupManagerTest {
  private static final ActorTestKit testKit = ActorTestKit.create(ManualTime.config());
  private static final PlacementSettings SETTINGS =
      PlacementSettings.of(ConfigFactory.defaultReference());

  private final ManualTime time = ManualTime.get(testKit.system());
  private final TestProbe<GroupEvent> events = testKit.createTestProbe();
  private final TestProbe<DesiredState.Command> writes = testKit.createTestProbe();
  private final List<ActorRef<NodeAgent.Command>> agents = new ArrayList<>();
  private final Set<ActorRef<NodeAgent.Command>> leaving = new HashSet<>();
  private ActorRef<NodeSource.Nodes> listener = testKit.system().ignoreRef();
  private ActorRef<DesiredState.Event> desired = testKit.system().ignoreRef();
  private ActorRef<PlacementGroupManager.Command> manager = testKit.system().ignoreRef();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  /** Starts a manager that has read {@code groups} of its predecessors. */
  private void start(DesiredGroup... groups) {
    startWithoutDesiredState();
    desired.tell(new DesiredState.Loaded(List.of(groups)));
  }

  private void startWithoutDesiredState() {
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

  private ActorRef<NodeAgent.Command> addNode(int number) {
    ActorRef<NodeAgent.Command> agent =
        testKit.spawn(
            NodeAgent.create(
                Clusters.node(number, 1), (spec, grant) -> Behaviors.empty(), SETTINGS));
    agents.add(agent);
    return agent;
  }

  /** Adds nodes 1, 2, .. and tells the manager. */
  private void nodes(int count) {
    IntStream.rangeClosed(1, count).forEach(this::addNode);
    tellNodes(count);
    events.awaitAssert(
        () -> {
          assertThat(describe().nodes()).hasSize(count);
          return events;
        });
  }

  private void tellNodes(int workers) {
    listener.tell(
        new NodeSource.Nodes(Set.copyOf(agents), Set.copyOf(agents), Set.copyOf(leaving), workers));
  }

  private void create(PlacementGroupSpec spec) {
    manager.tell(new PlacementGroupManager.Create(spec, events.ref()));
  }

  private List<String> expectCreated() {
    return events.expectMessageClass(GroupCreated.class).placements().stream()
        .map(BundlePlacement::address)
        .toList();
  }

  private PlacementGroupManager.Groups describe() {
    TestProbe<PlacementGroupManager.Groups> probe = testKit.createTestProbe();
    manager.tell(new PlacementGroupManager.Describe(probe.ref()));
    return probe.receiveMessage();
  }

  private Optional<GroupView> show(String group) {
    TestProbe<PlacementGroupManager.Shown> probe = testKit.createTestProbe();
    manager.tell(new PlacementGroupManager.Show(group, probe.ref()));
    return probe.receiveMessage().group();
  }

  private void tick(int times) {
    for (int i = 0; i < times; i++) {
      time.timePasses(SETTINGS.tickInterval());
      describe();
    }
  }

  private static PlacementGroupSpec detached(PlacementGroupSpec spec) {
    return new PlacementGroupSpec(
        spec.id(), spec.name(), spec.bundles(), spec.strategy(), spec.options().withDetached(true));
  }

  private static PlacementGroupSpec named(String id, String name) {
    return new PlacementGroupSpec(id, name, List.of(Bundle.ofGpus(1)), PACK);
  }

  private DesiredGroup wanted(PlacementGroupSpec spec) {
    return new DesiredGroup(spec.id(), Optional.of(spec), events.ref());
  }

  /** An agent of which the test plays the part. */
  private TestProbe<NodeAgent.Command> feignedNode(int number) {
    TestProbe<NodeAgent.Command> probe = testKit.createTestProbe();
    agents.add(probe.ref());
    tellNodes(agents.size());
    NodeAgent.Promise promise = probe.expectMessageClass(NodeAgent.Promise.class);
    promise.replyTo().tell(promised(promise, number, probe.ref(), List.of()));
    return probe;
  }

  private static NodeReply promised(
      NodeAgent.Promise promise,
      int number,
      ActorRef<NodeAgent.Command> agent,
      List<NodeState.GroupShare> groups) {
    NodeView view = NodeView.empty(Clusters.node(number, 1));
    return new NodeReply.Promised(
        view.nodeId(), promise.epoch(), agent, new NodeState(view, groups));
  }

  @Test
  void group_isCreatedAndRemoved() {
    start();
    nodes(2);

    create(group("g", STRICT_SPREAD, 1, 1));

    assertThat(expectCreated()).containsExactly("127.0.0.1:1", "127.0.0.1:2");
    GroupView view = show("g").orElseThrow();
    assertThat(view.state()).isEqualTo(GroupState.CREATED);
    assertThat(view.detail()).isEqualTo(SchedulingDetail.FINISHED);
    assertThat(view.stats().attempts()).isEqualTo(1);
    manager.tell(new PlacementGroupManager.Remove("g", events.ref()));
    events.expectMessage(new GroupRemoved("g"));
    assertThat(show("g")).isEmpty();
    assertThat(describe().nodes())
        .allSatisfy(n -> assertThat(n.freeWithGpus()).isEqualTo(n.node().total()));
  }

  @Test
  void name_taken_isRefusedUntilItsHolderIsRemoved() {
    start();
    nodes(2);
    create(named("a", "chat"));
    expectCreated();

    create(named("b", "chat"));

    GroupRejected rejected = events.expectMessageClass(GroupRejected.class);
    assertThat(rejected.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION);
    assertThat(rejected.reason())
        .isEqualTo("name [chat] is that of group [a]; choose another or remove that group");
    assertThat(show("chat").orElseThrow().spec().id()).isEqualTo("a");
    manager.tell(new PlacementGroupManager.Remove("a", events.ref()));
    events.expectMessage(new GroupRemoved("a"));
    create(named("b", "chat"));
    expectCreated();
  }

  @Test
  void owner_thatEnds_takesItsGroupsAlongUnlessDetached() {
    start();
    nodes(2);
    TestProbe<GroupEvent> owner = testKit.createTestProbe();
    manager.tell(new PlacementGroupManager.Create(group("own", PACK, 1), owner.ref()));
    manager.tell(new PlacementGroupManager.Create(detached(group("free", PACK, 1)), owner.ref()));
    owner.receiveSeveralMessages(2);

    owner.stop();

    events.awaitAssert(
        () -> {
          assertThat(describe().groups()).extracting(g -> g.spec().id()).containsExactly("free");
          return events;
        });
  }

  @Test
  void pendingGroup_isCreatedWhenTheLastObstacleGoes() {
    start();
    nodes(1);
    create(group("first", PACK, 1));
    expectCreated();
    create(group("second", PACK, 1));
    assertThat(events.expectMessageClass(GroupPending.class).detail())
        .isEqualTo(SchedulingDetail.NO_RESOURCES);
    create(group("wide", STRICT_SPREAD, 1, 1));
    assertThat(events.expectMessageClass(GroupPending.class).detail())
        .isEqualTo(SchedulingDetail.INFEASIBLE);

    manager.tell(
        new PlacementGroupManager.Remove("first", testKit.<GroupEvent>createTestProbe().ref()));
    events.expectMessage(new GroupRemoved("first"));
    assertThat(events.expectMessageClass(GroupCreated.class).groupId()).isEqualTo("second");
    addNode(2);
    addNode(3);
    tellNodes(3);
    assertThat(events.expectMessageClass(GroupCreated.class).groupId()).isEqualTo("wide");
  }

  @Test
  void drainedNode_takesNothingNewUntilItsDrainEnds() {
    start();
    nodes(1);
    TestProbe<PlacementGroupManager.DrainReply> replies = testKit.createTestProbe();
    manager.tell(new PlacementGroupManager.Drain("127.0.0.1:1", true, replies.ref()));
    replies.expectMessage(new PlacementGroupManager.DrainReply(Optional.of("node-1")));

    create(group("g", PACK, 1));

    events.expectMessageClass(GroupPending.class);
    manager.tell(new PlacementGroupManager.Drain("nowhere:1", true, replies.ref()));
    replies.expectMessage(new PlacementGroupManager.DrainReply(Optional.empty()));
    manager.tell(new PlacementGroupManager.Drain("node-1", false, replies.ref()));
    replies.expectMessage(new PlacementGroupManager.DrainReply(Optional.of("node-1")));
    assertThat(expectCreated()).containsExactly("127.0.0.1:1");
  }

  @Test
  void drainUnanswered_isAskedAgainEverMoreSeldomUntilItIs() {
    start();
    TestProbe<NodeAgent.Command> silent = feignedNode(1);
    TestProbe<PlacementGroupManager.DrainReply> replies = testKit.createTestProbe();
    manager.tell(new PlacementGroupManager.Drain("node-1", true, replies.ref()));
    NodeAgent.Drain first = silent.expectMessageClass(NodeAgent.Drain.class);

    tick(3);
    silent.expectNoMessage();
    tick(1);
    silent.expectMessage(first);
    tick(7);
    silent.expectNoMessage();
    tick(1);
    silent.expectMessage(first);
    replies.expectNoMessage();
    first.replyTo().tell(new NodeReply.Drained("node-1", first.epoch(), true));

    replies.expectMessage(new PlacementGroupManager.DrainReply(Optional.of("node-1")));
    tick(20);
    silent.expectNoMessage();
  }

  @Test
  void drainUnanswered_endsWithTheNodeOrWithAContraryRequest() {
    start();
    TestProbe<NodeAgent.Command> silent = feignedNode(1);
    TestProbe<PlacementGroupManager.DrainReply> replies = testKit.createTestProbe();
    manager.tell(new PlacementGroupManager.Drain("node-1", true, replies.ref()));
    manager.tell(new PlacementGroupManager.Drain("node-1", false, replies.ref()));
    assertThat(silent.expectMessageClass(NodeAgent.Drain.class).draining()).isTrue();
    NodeAgent.Drain last = silent.expectMessageClass(NodeAgent.Drain.class);

    tick(4);
    silent.expectMessage(last);
    silent.expectNoMessage();
    last.replyTo().tell(new NodeReply.Drained("node-1", last.epoch(), false));
    replies.expectMessage(new PlacementGroupManager.DrainReply(Optional.of("node-1")));
    replies.expectMessage(new PlacementGroupManager.DrainReply(Optional.of("node-1")));

    manager.tell(new PlacementGroupManager.Drain("node-1", true, replies.ref()));
    silent.expectMessageClass(NodeAgent.Drain.class);
    silent.stop();
    replies.expectMessage(new PlacementGroupManager.DrainReply(Optional.empty()));
  }

  @Test
  void leavingNode_takesNothingNew() {
    start();
    nodes(2);
    leaving.add(agents.get(0));
    tellNodes(2);

    create(group("g", PACK, 1));

    assertThat(expectCreated()).containsExactly("127.0.0.1:2");
  }

  @Test
  void nodesLost_onlyTheirBundlesMove() {
    start();
    nodes(5);
    create(group("g", STRICT_SPREAD, 1, 1, 1));
    List<String> before = expectCreated();

    testKit.stop(agents.remove(0));
    testKit.stop(agents.remove(0));

    Set<Integer> lost = new HashSet<>();
    while (lost.size() < 2) {
      GroupEvent event = events.receiveMessage();
      if (event instanceof GroupRescheduling rescheduling) {
        lost.addAll(rescheduling.lostBundles());
      }
    }
    assertThat(lost).containsExactlyInAnyOrder(0, 1);
    List<String> after = expectCreated();
    if (after.contains(before.get(1))) {
      after = expectCreated();
    }
    assertThat(after.get(2)).isEqualTo(before.get(2));
    assertThat(after.subList(0, 2)).containsExactlyInAnyOrder("127.0.0.1:4", "127.0.0.1:5");
  }

  @Test
  void node_withALaterLifeAtItsAddress_countsOnce() {
    start();
    TestProbe<NodeAgent.Command> node = feignedNode(1);
    create(group("g", PACK, 1));
    NodeAgent.Prepare prepare = node.expectMessageClass(NodeAgent.Prepare.class);
    prepare
        .replyTo()
        .tell(
            new NodeReply.Held(
                "node-1", prepare.epoch(), "g", prepare.attempt(), BundlePhase.COMMITTED));
    expectCreated();
    NodeInfo info = Clusters.node(1, 1);
    NodeInfo later =
        new NodeInfo(
            "node-1-later",
            info.address(),
            info.roles(),
            info.labels(),
            info.total(),
            info.devices());
    agents.add(
        testKit.spawn(NodeAgent.create(later, (spec, grant) -> Behaviors.empty(), SETTINGS)));
    tellNodes(1);

    events.expectMessageClass(GroupRescheduling.class);
    assertThat(events.expectMessageClass(GroupPending.class).state())
        .isEqualTo(GroupState.RESCHEDULING);
    assertThat(events.expectMessageClass(GroupCreated.class).placements().get(0).nodeId())
        .isEqualTo("node-1-later");
    assertThat(describe().nodes()).extracting(NodeView::nodeId).containsExactly("node-1-later");
  }

  @Test
  void nothing_isDoneBeforeMostNodesAnsweredAndTheDesiredStateIsRead() {
    startWithoutDesiredState();
    addNode(1);
    TestProbe<NodeAgent.Command> silent = testKit.createTestProbe();
    agents.add(silent.ref());
    agents.add(testKit.<NodeAgent.Command>createTestProbe().ref());
    tellNodes(3);
    create(group("g", PACK, 1));

    tick(1);
    assertThat(events.expectMessageClass(GroupPending.class).explanation().summary())
        .contains("waits until most worker nodes have answered");
    NodeAgent.Promise promise = silent.expectMessageClass(NodeAgent.Promise.class);
    promise.replyTo().tell(promised(promise, 2, silent.ref(), List.of()));
    tick(60);
    assertThat(describe().groups().get(0).state()).isEqualTo(GroupState.PENDING);
    desired.tell(new DesiredState.Loaded(List.of()));
    GroupEvent event = events.receiveMessage();
    while (event instanceof GroupPending) {
      event = events.receiveMessage();
    }
    assertThat(event).isInstanceOf(GroupCreated.class);
  }

  @Test
  void silentNode_isAskedAgainAndThenGivenUp() {
    start();
    TestProbe<NodeAgent.Command> silent = feignedNode(1);
    create(group("g", PACK, 1));
    NodeAgent.Prepare first = silent.expectMessageClass(NodeAgent.Prepare.class);

    tick(4);
    assertThat(silent.expectMessageClass(NodeAgent.Prepare.class)).isEqualTo(first);
    tick(17);

    NodeAgent.Command last = silent.receiveMessage();
    while (last instanceof NodeAgent.Prepare) {
      last = silent.receiveMessage();
    }
    NodeAgent.Release release = (NodeAgent.Release) last;
    assertThat(release.attempt()).isEqualTo(first.attempt());
    release
        .replyTo()
        .tell(
            new NodeReply.Released(
                "node-1", release.epoch(), release.groupId(), release.attempt()));
    assertThat(silent.expectMessageClass(NodeAgent.Prepare.class).attempt())
        .isGreaterThan(first.attempt());
  }

  @Test
  void removal_whileNodesPrepare_frees() {
    start();
    TestProbe<NodeAgent.Command> slow = feignedNode(1);
    create(group("g", PACK, 1));
    NodeAgent.Prepare prepare = slow.expectMessageClass(NodeAgent.Prepare.class);

    manager.tell(new PlacementGroupManager.Remove("g", events.ref()));

    NodeAgent.Release release = slow.expectMessageClass(NodeAgent.Release.class);
    prepare
        .replyTo()
        .tell(
            new NodeReply.Held(
                "node-1", prepare.epoch(), "g", prepare.attempt(), BundlePhase.COMMITTED));
    assertThat(show("g").orElseThrow().state()).isEqualTo(GroupState.REMOVED);
    release
        .replyTo()
        .tell(new NodeReply.Released("node-1", release.epoch(), "g", release.attempt()));
    events.expectMessage(new GroupRemoved("g"));
  }

  @Test
  void staleManager_outbidsOrObeysButReservesNothingMeanwhile() {
    start();
    nodes(1);
    create(group("g", PACK, 1));
    expectCreated();
    TestProbe<NodeReply> other = testKit.createTestProbe();
    agents.get(0).tell(new NodeAgent.Promise(new Epoch(9, "other"), other.ref()));
    other.expectMessageClass(NodeReply.Promised.class);

    manager.tell(new PlacementGroupManager.Remove("g", events.ref()));
    describe();
    TestProbe<NodeState> states = testKit.createTestProbe();
    agents.get(0).tell(new NodeAgent.Describe(states.ref()));
    assertThat(states.receiveMessage().groups()).hasSize(1);
    tick(8);

    events.expectMessage(new GroupRemoved("g"));
  }

  @Test
  void newManager_takesOverDesiredGroupsAndFreesWhatIsRemoved() {
    start();
    nodes(2);
    create(group("kept", PACK, 1));
    expectCreated();
    create(group("gone", PACK, 1));
    expectCreated();

    testKit.stop(manager);
    start(
        wanted(group("kept", PACK, 1)),
        wanted(named("waiting", "chat")),
        new DesiredGroup("gone", Optional.empty(), events.ref()));
    tellNodes(2);

    Map<String, GroupState> states =
        events.awaitAssert(
            () -> {
              Map<String, GroupState> now =
                  describe().groups().stream()
                      .collect(Collectors.toMap(g -> g.spec().id(), GroupView::state));
              assertThat(now).hasSize(2);
              assertThat(now).doesNotContainValue(GroupState.PENDING);
              return now;
            });
    assertThat(states)
        .containsOnly(
            Map.entry("kept", GroupState.CREATED), Map.entry("waiting", GroupState.CREATED));
    assertThat(show("chat")).isPresent();
  }

  @Test
  void desiredState_isWrittenOnceAGroupHasLivedForATick() {
    start();
    nodes(1);
    create(group("g", PACK, 1));
    expectCreated();

    tick(1);
    writes.expectNoMessage();
    tick(1);

    DesiredState.Write write = (DesiredState.Write) writes.receiveMessage();
    assertThat(write.bucket()).isEqualTo(DesiredBucket.of("g"));
    assertThat(write.content().groups()).containsExactly(wanted(group("g", PACK, 1)));
    desired.tell(new DesiredState.Written(write.bucket(), write.content(), true));
    manager.tell(new PlacementGroupManager.Remove("g", events.ref()));
    tick(1);
    DesiredState.Write removal = (DesiredState.Write) writes.receiveMessage();
    assertThat(removal.content().groups()).isEmpty();
    events.expectNoMessage();
    desired.tell(new DesiredState.Written(removal.bucket(), removal.content(), true));
    events.expectMessage(new GroupRemoved("g"));
  }
}
