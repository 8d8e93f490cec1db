package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.SPREAD;
import static io.phalanx.placement.PlacementStrategy.STRICT_PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.placement.GroupEvent.GroupPending;
import io.phalanx.placement.GroupEvent.GroupRemoved;
import io.phalanx.placement.GroupEvent.GroupRescheduling;
import io.phalanx.runtime.LocalCluster;
import io.phalanx.runtime.NodeAddress;
import io.phalanx.runtime.NodeComponentProvider;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.TestConfig;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.serialization.WireMessage;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Nodes that talk over Artery on loopback, with the manager as a cluster singleton. */
final class PlacementClusterTest {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final NodeComponentProvider PLACEMENT =
      context -> PlacementComponents.of((spec, grant) -> echo(grant));

  private final LocalCluster cluster = LocalCluster.start(config(3), List.of(PLACEMENT));
  private final PhalanxNode first = cluster.first();
  private final ActorRef<PlacementGroupManager.Command> manager =
      PlacementGroupManager.init(first.system());
  private final TestProbe<GroupEvent> events = TestProbe.create(first.system());

  private static Config config(int nodes) {
    return TestConfig.of(
        """
        phalanx.local-cluster { nodes = %d, gpus-per-node = 2, accelerator-type = L4 }
        phalanx.placement.report-interval = 1 s
        """
            .formatted(nodes));
  }

  /** An actor that answers with the devices that it was granted. */
  private static Behavior<Question> echo(BundleGrant grant) {
    return Behaviors.setup(context -> echo(grant, NodeAddress.of(context.getSystem())));
  }

  private static Behavior<Question> echo(BundleGrant grant, NodeAddress address) {
    return Behaviors.receiveMessage(
        question -> {
          String device = grant.devices().get(0).describe();
          String text = "%s on %s: %s".formatted(grant.bundle(), address, device);
          question.replyTo().tell(new Answer(text));
          return Behaviors.same();
        });
  }

  /** Asks an actor in a bundle where it is. */
  record Question(ActorRef<Answer> replyTo) implements WireMessage {}

  /** Where the actor is. */
  record Answer(String text) implements WireMessage {}

  /** Waits until the manager knows every node, so that plans do not depend on who came first. */
  @BeforeEach
  void awaitNodes() {
    Set<String> addresses =
        cluster.nodes().stream().map(node -> node.address().toString()).collect(Collectors.toSet());
    assertThat(join(PlacementGroups.of(first.system()).awaitNodes(addresses, PATIENCE))).isTrue();
  }

  @AfterEach
  void stop() {
    cluster.close();
  }

  private void create(PlacementGroupSpec spec) {
    manager.tell(new PlacementGroupManager.Create(spec, events.ref()));
  }

  /** Waits for the next group, past the news of others' removal and of its own waiting. */
  private GroupCreated expectCreated() {
    GroupEvent event = events.receiveMessage(PATIENCE);
    while (event instanceof GroupPending
        || event instanceof GroupRescheduling
        || event instanceof GroupRemoved) {
      event = events.receiveMessage(PATIENCE);
    }
    assertThat(event).isInstanceOf(GroupCreated.class);
    return (GroupCreated) event;
  }

  @Test
  void groups_areCreatedWaitAreRemovedAndSurviveALostNode() {
    create(group("wide", STRICT_SPREAD, 1, 1, 1));
    assertThat(expectCreated().placements())
        .extracting(BundlePlacement::address)
        .doesNotHaveDuplicates()
        .hasSize(3);

    create(group("whole", STRICT_PACK, 1, 1));
    GroupPending pending = events.expectMessageClass(GroupPending.class, PATIENCE);
    assertThat(pending.detail()).isEqualTo(SchedulingDetail.NO_RESOURCES);
    assertThat(pending.explanation().obstacles().get(0).reason())
        .isEqualTo("needs GPU 2, free 1 of 2");

    TestProbe<GroupEvent> removals = TestProbe.create(first.system());
    manager.tell(new PlacementGroupManager.Remove("wide", removals.ref()));
    removals.expectMessageClass(GroupRemoved.class, PATIENCE);
    String whole = expectCreated().placements().get(0).address();

    create(group("spilling", PACK, 1, 1, 1, 1));
    List<String> spilling =
        expectCreated().placements().stream().map(BundlePlacement::address).toList();
    assertThat(spilling.get(0)).isEqualTo(spilling.get(1));
    assertThat(spilling.get(2)).isEqualTo(spilling.get(3));
    assertThat(Set.of(spilling.get(0), spilling.get(2), whole)).hasSize(3);
  }

  @Test
  void launch_runsOnTheBundlesNode() {
    create(group("g", SPREAD, 1, 1));
    GroupCreated created = expectCreated();
    BundlePlacement placement = created.placements().get(1);
    TestProbe<NodeAgent.LaunchReply> replies = TestProbe.create(first.system());

    placement
        .agent()
        .tell(
            new NodeAgent.Launch(new BundleId("g", 1), "rank-1", new TestSpec("x"), replies.ref()));

    NodeAgent.Launched launched = replies.expectMessageClass(NodeAgent.Launched.class, PATIENCE);
    TestProbe<Answer> answers = TestProbe.create(first.system());
    launched.actor().<Question>narrow().tell(new Question(answers.ref()));
    assertThat(answers.receiveMessage(PATIENCE).text())
        .isEqualTo("g#1 on " + placement.address() + ": cpu (logical L4)");
  }

  @Test
  void node_lost_movesItsBundlesOnly() {
    create(group("g", SPREAD, 1, 1));
    GroupCreated before = expectCreated();
    BundlePlacement lost =
        before.placements().stream()
            .filter(placement -> !placement.address().equals(first.address().toString()))
            .findFirst()
            .orElseThrow();
    cluster.nodes().stream()
        .filter(node -> node.address().toString().equals(lost.address()))
        .forEach(PhalanxNode::stop);

    GroupRescheduling rescheduling = events.expectMessageClass(GroupRescheduling.class, PATIENCE);
    assertThat(rescheduling.lostBundles()).containsExactly(lost.bundleIndex());
    GroupCreated after = expectCreated();
    int kept = 1 - lost.bundleIndex();
    assertThat(after.placements().get(kept)).isEqualTo(before.placements().get(kept));
    assertThat(after.placements().get(lost.bundleIndex()).address()).isNotEqualTo(lost.address());
  }

  @Test
  void program_createsWaitsExplainsDrainsAndRemoves() {
    PlacementGroups groups = PlacementGroups.of(cluster.nodes().get(1).system());
    PlacementGroup wide = groups.create(group("wide", STRICT_SPREAD, 1, 1, 1));
    assertThat(wide.await(PATIENCE)).isTrue();

    PlacementGroup taken = groups.create(group("wide", PACK, 1));
    assertThatThrownBy(() -> taken.await(PATIENCE))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("group [wide] exists with other bundles; remove it first");

    PlacementGroup larger = groups.create(group("larger", STRICT_PACK, 2));
    assertThat(larger.await(Duration.ofMillis(1))).isFalse();
    events.awaitAssert(
        PATIENCE, () -> assertThat(join(groups.show("larger"))).as("asked for by now").isPresent());
    assertThat(join(groups.explain("larger")).summary()).isNotEmpty();
    assertThatThrownBy(() -> join(groups.explain("nothing")))
        .hasRootCauseMessage("there is no group [nothing]; list them to see which there are");

    join(wide.remove());
    assertThat(larger.await(PATIENCE)).isTrue();
    String other = first.address().toString();
    join(groups.drain(other, true));
    PlacementGroup elsewhere = groups.create(group("elsewhere", SPREAD, 0.5, 0.5, 0.5));
    assertThat(elsewhere.await(PATIENCE)).isTrue();
    assertThat(join(groups.show("elsewhere")).orElseThrow().placements())
        .extracting(BundlePlacement::address)
        .doesNotContain(other);
    assertThat(join(groups.list())).extracting(GroupView::state).containsOnly(GroupState.CREATED);
  }

  @Test
  void awaitNodes_thatNeverCome_endsWithFalse() {
    PlacementGroups groups = PlacementGroups.of(first.system());

    assertThat(join(groups.awaitNodes(Set.of("127.0.0.1:1"), Duration.ofMillis(200)))).isFalse();
  }

  @Test
  void owner_whoseNodeStops_takesItsGroupsAlong() {
    PhalanxNode owner = cluster.nodes().get(2);
    PlacementGroups there = PlacementGroups.of(owner.system());
    PlacementGroupSpec own = group("own", PACK, 1);
    PlacementGroupSpec free =
        new PlacementGroupSpec(
            "free", "", own.bundles(), PACK, PlacementOptions.DEFAULT.withDetached(true));
    assertThat(there.create(own).await(PATIENCE)).isTrue();
    assertThat(there.create(free).await(PATIENCE)).isTrue();

    owner.stop();

    PlacementGroups here = PlacementGroups.of(first.system());
    events.awaitAssert(
        PATIENCE,
        () -> {
          assertThat(join(here.list()))
              .extracting(view -> view.spec().id() + " " + view.state())
              .containsExactly("free CREATED");
          return here;
        });
  }

  private static <T> T join(CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
