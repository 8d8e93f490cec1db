package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.placement.GroupEvent.GroupPending;
import io.phalanx.placement.GroupEvent.GroupRemoved;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** A {@link PlacementGroupManager} that begins after another, or beside one, and what it writes. */
final class ManagerTakeoverTest extends ManagerFixture {
  private static final ActorTestKit testKit = ActorTestKit.create(ManualTime.config());

  ManagerTakeoverTest() {
    super(testKit);
  }

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  private DesiredGroup wanted(PlacementGroupSpec spec) {
    return new DesiredGroup(spec.id(), Optional.of(spec), events.ref());
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
