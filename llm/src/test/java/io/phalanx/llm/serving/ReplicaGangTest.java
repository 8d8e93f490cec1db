package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupEvent;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.NodeAgent;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.placement.Remedy;
import io.phalanx.placement.Resources;
import io.phalanx.placement.SchedulingDetail;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** A {@link ReplicaGang} between probes that play the manager, the node and the replicas. */
final class ReplicaGangTest {
  private static final ActorTestKit testKit = ActorTestKit.create();
  private static final Duration WAIT = Duration.ofSeconds(10);

  private final TestProbe<PlacementGroupManager.Command> manager = testKit.createTestProbe();
  private final TestProbe<NodeAgent.Command> agent = testKit.createTestProbe();
  private final BlockingQueue<List<ReplicaStatus>> changes = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> failures = new LinkedBlockingQueue<>();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void start_groupCreated_launchesTheReplicaInBundleZeroAndActivatesItWhenReady() {
    ActorRef<ReplicaGang.Command> gang = spawn(config());
    PlacementGroupManager.Create create = expectCreate();

    place(create);
    NodeAgent.Launch launch = agent.expectMessageClass(NodeAgent.Launch.class, WAIT);
    TestProbe<Replica.Command> replica = launched(launch);
    gang.tell(ready(launch, replica));

    assertThat(launch.bundle().index()).isZero();
    assertThat(launch.bundle().groupId()).isEqualTo(create.spec().id());
    replica.expectMessageClass(Replica.Reconfigure.class, WAIT);
    replica.expectMessage(new Replica.Activate());
    assertThat(awaitState(ReplicaState.READY).get(0).maxModelLength()).isEqualTo(99);
  }

  @Test
  void start_groupPending_showsTheExplanation() {
    spawn(config());
    PlacementGroupManager.Create create = expectCreate();

    create
        .subscriber()
        .tell(
            new GroupEvent.GroupPending(
                create.spec().id(),
                GroupState.PENDING,
                SchedulingDetail.INFEASIBLE,
                new Explanation(
                    "no node has 2 GPUs",
                    List.of(),
                    List.of(new Remedy.AddNodes(1, "", Resources.ofGpus(2), Map.of())))));

    List<ReplicaStatus> status = awaitChange(s -> !s.get(0).message().isEmpty());
    assertThat(status.get(0).message())
        .contains("no node has 2 GPUs")
        .contains("would fit with 1 more node of GPU 2");
    assertThat(status.get(0).state()).isEqualTo(ReplicaState.PENDING);
  }

  @Test
  void dataParallel_onlyOneReady_activatesNoneUntilTheOtherIs() {
    ActorRef<ReplicaGang.Command> gang = spawn(config().dataParallelSize(2));
    PlacementGroupManager.Create first = expectCreate();
    PlacementGroupManager.Create second = expectCreate();
    place(first);
    agent.expectNoMessage(Duration.ofMillis(200));
    place(second);
    NodeAgent.Launch launchFirst = agent.expectMessageClass(NodeAgent.Launch.class, WAIT);
    NodeAgent.Launch launchSecond = agent.expectMessageClass(NodeAgent.Launch.class, WAIT);
    TestProbe<Replica.Command> replicaFirst = launched(launchFirst);
    TestProbe<Replica.Command> replicaSecond = launched(launchSecond);

    gang.tell(ready(launchFirst, replicaFirst));
    replicaFirst.expectNoMessage(Duration.ofMillis(200));
    gang.tell(ready(launchSecond, replicaSecond));

    replicaFirst.expectMessageClass(Replica.Reconfigure.class, WAIT);
    replicaFirst.expectMessage(new Replica.Activate());
    replicaSecond.expectMessageClass(Replica.Reconfigure.class, WAIT);
    replicaSecond.expectMessage(new Replica.Activate());
  }

  @Test
  void dataParallel_oneFails_givesBothBackAndStartsBothAgain() {
    ActorRef<ReplicaGang.Command> gang = spawn(config().dataParallelSize(2));
    PlacementGroupManager.Create first = expectCreate();
    PlacementGroupManager.Create second = expectCreate();

    gang.tell(new ReplicaGang.Failed(first.spec().id(), ErrorCode.REPLICA_FAILED, "a rank ended"));
    remove(first);
    remove(second);

    assertThat(awaitState(ReplicaState.FAILED).get(0).message()).isEqualTo("a rank ended");
    assertThat(expectCreate().spec().id()).isNotEqualTo(first.spec().id());
    assertThat(expectCreate().spec().id()).isNotEqualTo(second.spec().id());
    assertThat(failures).containsExactly("REPLICA_FAILED a rank ended");
  }

  @Test
  void replicaEnds_silently_isStartedAgain() {
    spawn(config());
    PlacementGroupManager.Create create = expectCreate();
    place(create);
    TestProbe<Replica.Command> replica =
        launched(agent.expectMessageClass(NodeAgent.Launch.class, WAIT));

    replica.stop();
    remove(create);

    assertThat(expectCreate().spec().id()).isNotEqualTo(create.spec().id());
  }

  @Test
  void bundleLost_countsAsFailure() {
    spawn(config());
    PlacementGroupManager.Create create = expectCreate();
    place(create);

    create
        .subscriber()
        .tell(new GroupEvent.GroupRescheduling(create.spec().id(), List.of(0), "node left"));
    remove(create);

    expectCreate();
  }

  @Test
  void stop_readyReplica_drainsItAndGivesTheGroupBack() {
    ActorRef<ReplicaGang.Command> gang = spawn(config());
    PlacementGroupManager.Create create = expectCreate();
    place(create);
    NodeAgent.Launch launch = agent.expectMessageClass(NodeAgent.Launch.class, WAIT);
    TestProbe<Replica.Command> replica = launched(launch);
    gang.tell(ready(launch, replica));
    replica.expectMessageClass(Replica.Reconfigure.class, WAIT);
    replica.expectMessage(new Replica.Activate());

    gang.tell(new ReplicaGang.Stop());
    replica.expectMessage(new Replica.Drain());
    gang.tell(new ReplicaGang.Drained(create.spec().id()));
    remove(create);

    manager.expectTerminated(gang, WAIT);
  }

  private final class Listener implements ReplicaGang.Listener {
    @Override
    public void onChange(GangSpec gang, Rollout.Phase phase, List<ReplicaStatus> replicas) {
      changes.add(replicas);
    }

    @Override
    public void onFailure(GangSpec gang, ErrorCode code, String reason) {
      failures.add(code + " " + reason);
    }
  }

  private static LlmConfigBuilder config() {
    return LlmConfig.builder().modelId("org/m");
  }

  private ActorRef<ReplicaGang.Command> spawn(LlmConfigBuilder config) {
    ServingSettings settings =
        ServingSettings.of(
            ConfigFactory.parseString("phalanx.serving.restart-delay = 10ms")
                .withFallback(ConfigFactory.load()));
    return testKit.spawn(
        ReplicaGang.create(
            new GangSpec(Versions.first(config.build()), 0),
            List.of(),
            settings,
            manager.ref(),
            new Listener()));
  }

  private PlacementGroupManager.Create expectCreate() {
    return manager.expectMessageClass(PlacementGroupManager.Create.class, WAIT);
  }

  private void place(PlacementGroupManager.Create create) {
    BundlePlacement placement =
        new BundlePlacement(0, "node", "127.0.0.1:1", List.of(0), agent.ref());
    create.subscriber().tell(new GroupEvent.GroupCreated(create.spec().id(), List.of(placement)));
  }

  private void remove(PlacementGroupManager.Create create) {
    PlacementGroupManager.Remove remove =
        manager.expectMessageClass(PlacementGroupManager.Remove.class, WAIT);
    assertThat(remove.groupId()).isEqualTo(create.spec().id());
    remove.replyTo().tell(new GroupEvent.GroupRemoved(remove.groupId()));
  }

  private static TestProbe<Replica.Command> launched(NodeAgent.Launch launch) {
    TestProbe<Replica.Command> replica = testKit.createTestProbe();
    ActorRef<?> actor = replica.ref();
    launch
        .replyTo()
        .tell(new NodeAgent.Launched(launch.bundle(), launch.name(), actor.unsafeUpcast()));
    return replica;
  }

  private static ReplicaGang.Ready ready(
      NodeAgent.Launch launch, TestProbe<Replica.Command> replica) {
    RankInfo rank = new RankInfo(0, 0, 0, "127.0.0.1:1", "cpu");
    return new ReplicaGang.Ready(launch.bundle().groupId(), replica.ref(), List.of(rank), 99);
  }

  private List<ReplicaStatus> awaitState(ReplicaState state) {
    return awaitChange(status -> status.get(0).state() == state);
  }

  private List<ReplicaStatus> awaitChange(
      java.util.function.Predicate<List<ReplicaStatus>> wanted) {
    try {
      while (true) {
        List<ReplicaStatus> status = changes.poll(WAIT.toSeconds(), TimeUnit.SECONDS);
        assertThat(status).as("the wanted change").isNotNull();
        if (wanted.test(status)) {
          return status;
        }
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
