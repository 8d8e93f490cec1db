package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.placement.GroupEvent.GroupPending;
import io.phalanx.placement.GroupEvent.GroupRejected;
import io.phalanx.placement.GroupEvent.GroupRemoved;
import io.phalanx.runtime.error.ErrorCode;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The life of a group: created, waiting, given up, removed. */
final class PlacementGroupManagerTest extends ManagerFixture {
  private static final ActorTestKit testKit = ActorTestKit.create(ManualTime.config());

  PlacementGroupManagerTest() {
    super(testKit);
  }

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  private static PlacementGroupSpec detached(PlacementGroupSpec spec) {
    return new PlacementGroupSpec(
        spec.id(), spec.name(), spec.bundles(), spec.strategy(), spec.options().withDetached(true));
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
}
