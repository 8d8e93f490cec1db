package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.ManualTime;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The protocol between a manager and one node with two GPUs, with the clock in the test's hand. */
final class NodeAgentTest {
  private static final ActorTestKit testKit = ActorTestKit.create(ManualTime.config());
  private static final PlacementSettings SETTINGS =
      PlacementSettings.of(ConfigFactory.defaultReference());
  private static final Epoch FIRST = new Epoch(1, "m");
  private static final Epoch SECOND = new Epoch(2, "n");
  private static final PlacementGroupSpec TWO = group("g", SPREAD, 1, 1);

  private final ManualTime time = ManualTime.get(testKit.system());
  private final TestProbe<NodeReply> replies = testKit.createTestProbe();
  private final TestProbe<GroupEvent> events = testKit.createTestProbe();
  private final TestProbe<NodeAgent.LaunchReply> launches = testKit.createTestProbe();
  private final ActorRef<NodeAgent.Command> agent =
      testKit.spawn(NodeAgent.create(Clusters.node(1, 2), (spec, grant) -> idle(), SETTINGS));

  private enum Finish {
    INSTANCE
  }

  /** An actor that stops when told so, or when it is stopped. */
  private static Behavior<Finish> idle() {
    return Behaviors.receiveMessage(finish -> Behaviors.stopped());
  }

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  private NodeAgent.Prepare prepare(Epoch epoch, long attempt, int bundle, int device) {
    return new NodeAgent.Prepare(
        epoch, attempt, TWO, events.ref(), Map.of(bundle, List.of(device)), false, replies.ref());
  }

  private NodeAgent.Prepare inOnePhase(PlacementGroupSpec group, long attempt, int... devices) {
    List<Integer> indexes = Arrays.stream(devices).boxed().toList();
    return new NodeAgent.Prepare(
        FIRST, attempt, group, events.ref(), Map.of(0, indexes), true, replies.ref());
  }

  private NodeAgent.Commit commit(Epoch epoch, long attempt) {
    return new NodeAgent.Commit(epoch, attempt, "g", replies.ref());
  }

  private NodeAgent.Release release(Epoch epoch, long attempt, Integer... bundles) {
    return new NodeAgent.Release(epoch, attempt, "g", Set.of(bundles), replies.ref());
  }

  private NodeReply ask(NodeAgent.Command command) {
    agent.tell(command);
    return replies.receiveMessage();
  }

  private NodeState state() {
    TestProbe<NodeState> probe = testKit.createTestProbe();
    agent.tell(new NodeAgent.Describe(probe.ref()));
    return probe.receiveMessage();
  }

  private long freeGpus() {
    return state().view().freeWithGpus().get(Resources.GPU) / Resources.UNIT;
  }

  private ErrorCode refusal(NodeAgent.Command command) {
    return ((NodeReply.Refused) ask(command)).code();
  }

  private NodeAgent.LaunchReply launch(String name, String text) {
    agent.tell(
        new NodeAgent.Launch(new BundleId("g", 0), name, new TestSpec(text), launches.ref()));
    return launches.receiveMessage();
  }

  @Test
  void twoPhases_repeated_holdOnce() {
    NodeReply prepared = new NodeReply.Held("node-1", FIRST, "g", 1, BundlePhase.PREPARED);
    NodeReply committed = new NodeReply.Held("node-1", FIRST, "g", 1, BundlePhase.COMMITTED);

    assertThat(ask(prepare(FIRST, 1, 0, 0))).isEqualTo(prepared);
    assertThat(ask(prepare(FIRST, 1, 0, 0))).isEqualTo(prepared);
    assertThat(freeGpus()).isEqualTo(1);
    assertThat(ask(commit(FIRST, 1))).isEqualTo(committed);
    assertThat(ask(commit(FIRST, 1))).isEqualTo(committed);
    assertThat(freeGpus()).isEqualTo(1);
  }

  @Test
  void onePhase_isCommittedAtOnceAndStays() {
    NodeReply reply = ask(inOnePhase(group("g", PACK, 2), 1, 0, 1));

    assertThat(((NodeReply.Held) reply).phase()).isEqualTo(BundlePhase.COMMITTED);
    time.timePasses(SETTINGS.prepareTimeout().multipliedBy(2));
    assertThat(freeGpus()).isZero();
  }

  @Test
  void prepared_notCommittedInTime_isFreedAndCommitRefused() {
    ask(prepare(FIRST, 1, 0, 0));

    time.timePasses(SETTINGS.prepareTimeout().plus(Duration.ofMillis(1)));

    assertThat(freeGpus()).isEqualTo(2);
    assertThat(refusal(commit(FIRST, 1))).isEqualTo(ErrorCode.BUNDLE_NOT_PREPARED);
  }

  @Test
  void committed_outlivesTheTimeout() {
    ask(prepare(FIRST, 1, 0, 0));
    ask(commit(FIRST, 1));

    time.timePasses(SETTINGS.prepareTimeout().multipliedBy(2));

    assertThat(freeGpus()).isEqualTo(1);
  }

  @Test
  void commit_refusedAsStale_leavesTheTimeoutRunning() {
    ask(prepare(FIRST, 1, 0, 0));
    agent.tell(new NodeAgent.Promise(SECOND, replies.ref()));
    replies.expectMessageClass(NodeReply.Promised.class);

    assertThat(refusal(commit(FIRST, 1))).isEqualTo(ErrorCode.STALE_EPOCH);
    time.timePasses(SETTINGS.prepareTimeout().plus(Duration.ofMillis(1)));
    assertThat(freeGpus()).isEqualTo(2);
  }

  @Test
  void prepare_withoutRoom_changesNothing() {
    ask(inOnePhase(group("other", PACK, 1), 1, 0));

    NodeReply.Refused refused = (NodeReply.Refused) ask(prepare(FIRST, 2, 0, 0));

    assertThat(refused.code()).isEqualTo(ErrorCode.INSUFFICIENT_BUNDLE_RESOURCES);
    assertThat(refused.reason()).contains("needs GPU 1 of device 0, free 0");
    assertThat(freeGpus()).isEqualTo(1);
  }

  @Test
  void promise_tellsWhatIsHeldAndFencesEarlierManagers() {
    ask(prepare(FIRST, 1, 1, 0));

    NodeReply.Promised promised =
        (NodeReply.Promised) ask(new NodeAgent.Promise(SECOND, replies.ref()));

    assertThat(promised.state().holdings(SECOND))
        .extracting(holding -> holding.bundleIndex() + " " + holding.phase())
        .containsExactly("1 PREPARED");
    assertThat(refusal(prepare(FIRST, 2, 0, 1))).isEqualTo(ErrorCode.STALE_EPOCH);
    assertThat(refusal(release(FIRST, 2))).isEqualTo(ErrorCode.STALE_EPOCH);
    assertThat(refusal(new NodeAgent.Drain(FIRST, true, replies.ref())))
        .isEqualTo(ErrorCode.STALE_EPOCH);
    assertThat(freeGpus()).isEqualTo(1);
  }

  @Test
  void release_ofAnAttempt_fencesWhatComesLateOfIt() {
    ask(prepare(FIRST, 1, 0, 0));

    assertThat(ask(release(FIRST, 1))).isEqualTo(new NodeReply.Released("node-1", FIRST, "g", 1));
    assertThat(ask(release(FIRST, 1))).isEqualTo(new NodeReply.Released("node-1", FIRST, "g", 1));
    assertThat(refusal(prepare(FIRST, 1, 0, 0))).isEqualTo(ErrorCode.BUNDLE_NOT_PREPARED);
    assertThat(freeGpus()).isEqualTo(2);
  }

  @Test
  void release_ofOneBundle_keepsTheOthers() {
    ask(prepare(FIRST, 1, 0, 0));
    ask(prepare(FIRST, 1, 1, 1));
    ask(commit(FIRST, 1));

    ask(release(FIRST, 2, 0));

    assertThat(state().holdings(FIRST)).extracting(h -> h.bundleIndex()).containsExactly(1);
  }

  @Test
  void release_waitsUntilTheActorsHaveStopped() {
    ask(inOnePhase(group("g", PACK, 1), 1, 0));
    NodeAgent.Launched launched = (NodeAgent.Launched) launch("rank-0", "x");

    assertThat(ask(release(FIRST, 1))).isEqualTo(new NodeReply.Released("node-1", FIRST, "g", 1));

    testKit.createTestProbe().expectTerminated(launched.actor());
    assertThat(state().groups()).isEmpty();
  }

  @Test
  void drain_refusesNewBundlesAndKeepsHeldOnes() {
    ask(prepare(FIRST, 1, 0, 0));

    assertThat(ask(new NodeAgent.Drain(FIRST, true, replies.ref())))
        .isEqualTo(new NodeReply.Drained("node-1", FIRST, true));

    assertThat(state().view().draining()).isTrue();
    assertThat(refusal(prepare(FIRST, 2, 1, 1))).isEqualTo(ErrorCode.INSUFFICIENT_BUNDLE_RESOURCES);
    assertThat(ask(commit(FIRST, 1))).isInstanceOf(NodeReply.Held.class);
    ask(new NodeAgent.Drain(FIRST, false, replies.ref()));
    assertThat(ask(prepare(FIRST, 3, 1, 1))).isInstanceOf(NodeReply.Held.class);
  }

  @Test
  void launch_onlyInCommittedBundles() {
    ask(prepare(FIRST, 1, 0, 0));

    NodeAgent.LaunchRefused refused = (NodeAgent.LaunchRefused) launch("rank-0", "x");

    assertThat(refused.code()).isEqualTo(ErrorCode.BUNDLE_NOT_PREPARED);
    assertThat(refused.reason()).isEqualTo("bundle [g#0] is not reserved on node [127.0.0.1:1]");
  }

  @Test
  void launch_repeated_givesTheSameActor() {
    ask(inOnePhase(group("g", PACK, 1), 1, 0));

    NodeAgent.LaunchReply first = launch("rank-0", "x");

    assertThat(launch("rank-0", "x")).isEqualTo(first);
    assertThat(((NodeAgent.LaunchRefused) launch("rank-0", "y")).code())
        .isEqualTo(ErrorCode.INVALID_REQUEST);
    assertThat(state().groups().get(0).bundles().get(0).children()).hasSize(1);
  }

  @Test
  void actor_thatStopsByItself_leavesItsBundleReserved() {
    ask(inOnePhase(group("g", PACK, 1), 1, 0));
    NodeAgent.Launched launched = (NodeAgent.Launched) launch("rank-0", "x");

    launched.actor().<Finish>narrow().tell(Finish.INSTANCE);
    TestProbe<NodeState> probe = testKit.createTestProbe();
    probe.expectTerminated(launched.actor());

    probe.awaitAssert(
        () -> {
          assertThat(state().groups().get(0).bundles().get(0).children()).isEmpty();
          return state();
        });
    assertThat(freeGpus()).isEqualTo(1);
  }
}
