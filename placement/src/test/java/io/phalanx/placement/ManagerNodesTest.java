package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.placement.GroupEvent.GroupPending;
import io.phalanx.placement.GroupEvent.GroupRescheduling;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Nodes that are drained, leave, are lost or come again under a {@link PlacementGroupManager}. */
final class ManagerNodesTest extends ManagerFixture {
  private static final ActorTestKit testKit = ActorTestKit.create(ManualTime.config());

  ManagerNodesTest() {
    super(testKit);
  }

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
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
}
