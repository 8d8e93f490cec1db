package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupEvent;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.NodeAgent;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.placement.SchedulingDetail;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** A {@link DeploymentController} between probes that play the manager and the ingresses. */
final class DeploymentControllerTest {
  private static final ActorTestKit testKit = ActorTestKit.create();
  private static final Duration WAIT = Duration.ofSeconds(10);
  private static final LlmConfig CONFIG = LlmConfig.builder().modelId("m").build();
  private static final LlmConfig OTHER = LlmConfig.builder().modelId("m").maxModelLen(8).build();

  private final TestProbe<PlacementGroupManager.Command> manager = testKit.createTestProbe();
  private final TestProbe<IngressModels.Command> ingress = testKit.createTestProbe();
  private final TestProbe<DeploymentController.DeployReply> replies = testKit.createTestProbe();
  private final TestProbe<NodeAgent.Command> agent = testKit.createTestProbe();
  private final RecordsInMemory records = new RecordsInMemory();
  private ActorRef<DeploymentController.Command> controller = spawn();

  private ActorRef<DeploymentController.Command> spawn() {
    ServingSettings settings =
        ServingSettings.of(
            ConfigFactory.parseString(
                    "phalanx.serving { restart-delay = 10ms, max-restart-delay = 10ms"
                        + ", adoption-timeout = 200ms }")
                .withFallback(ConfigFactory.load()));
    return testKit.spawn(
        DeploymentController.create(
            "m",
            settings,
            manager.ref(),
            records,
            new DeploymentController.Shard() {
              @Override
              public void passivate(ActorRef<DeploymentController.Command> entity) {
                entity.tell(new DeploymentController.End());
              }

              @Override
              public void again(DeploymentController.Command command) {
                throw new AssertionError("an entity without a deployment came to its end");
              }
            }));
  }

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void start_failsThreeTimes_isGivenUpAndTellsWhoWatches() {
    deploy();
    controller.tell(new DeploymentController.Watch(replies.ref()));
    assertThat(awaitState(DeploymentState.UPDATING).failure()).isEmpty();

    for (int attempt = 0; attempt < 3; attempt++) {
      rejectAndRemove();
    }

    DeploymentStatus status = awaitState(DeploymentState.DEPLOY_FAILED);
    assertThat(status.failure())
        .hasValueSatisfying(
            failure -> assertThat(failure.reason()).contains("3 of 3", "no such label"));
    manager.expectNoMessage(Duration.ofMillis(100));
  }

  @Test
  void deploy_afterItWasGivenUp_triesAgain() {
    deploy();
    for (int attempt = 0; attempt < 3; attempt++) {
      rejectAndRemove();
    }

    controller.tell(new DeploymentController.Watch(replies.ref()));
    awaitState(DeploymentState.DEPLOY_FAILED);
    deploy();

    awaitState(DeploymentState.UPDATING);
    expectCreate();
  }

  @Test
  void update_ofALimit_isToldToReplicasAndIngressesAndRestartsNothing() {
    deploy();
    controller.tell(new DeploymentController.Follow(ingress.ref()));
    RunningReplica replica = run(expectCreate());

    deploy(LlmConfig.builder().modelId("m").maxOngoingRequests(7).build());

    Replica.Reconfigure told = replica.probe.expectMessageClass(Replica.Reconfigure.class, WAIT);
    assertThat(told.config().deploymentConfig().maxOngoingRequests()).contains(7);
    IngressModels.ModelDeployed deployed = expectVersions(1);
    while (deployed.versions().get(0).config().deploymentConfig().maxOngoingRequests().isEmpty()) {
      deployed = expectVersions(1);
    }
    manager.expectNoMessage(Duration.ofMillis(100));
  }

  @Test
  void update_ofTheEngine_startsANewReplicaThenDrainsTheOldOne() {
    deploy();
    controller.tell(new DeploymentController.Follow(ingress.ref()));
    RunningReplica old = run(expectCreate());

    deploy(OTHER);
    PlacementGroupManager.Create second = expectCreate();
    expectVersions(2);
    old.probe.expectNoMessage(Duration.ofMillis(100));
    run(second);
    old.probe.expectMessage(WAIT, new Replica.Drain());
    old.gang.tell(new ReplicaGang.Drained(old.name()));
    remove(old.name());

    assertThat(expectVersions(1).versions().get(0).config()).isEqualTo(OTHER);
    controller.tell(new DeploymentController.Watch(replies.ref()));
    assertThat(awaitState(DeploymentState.HEALTHY).version()).isEqualTo(2);
  }

  @Test
  void update_thatFails_isUndoneAndNeverTakesTheLastReplica() {
    deploy();
    RunningReplica old = run(expectCreate());

    deploy(OTHER);
    for (int attempt = 0; attempt < 3; attempt++) {
      rejectAndRemove();
    }

    controller.tell(new DeploymentController.Watch(replies.ref()));
    DeploymentStatus status = awaitState(DeploymentState.HEALTHY);
    assertThat(status.config()).isEqualTo(CONFIG);
    assertThat(status.updateFailure())
        .hasValueSatisfying(failure -> assertThat(failure.reason()).contains("no such label"));
    assertThat(status.message()).contains("1 of 1", "the last update was undone");
    old.probe.expectNoMessage(Duration.ofMillis(100));
  }

  @Test
  void update_thatFindsNoRoom_waitsForItAndSaysSo() {
    deploy();
    RunningReplica old = run(expectCreate());

    deploy(OTHER);
    PlacementGroupManager.Create second = expectCreate();
    second
        .subscriber()
        .tell(
            new GroupEvent.GroupPending(
                second.spec().id(),
                GroupState.PENDING,
                SchedulingDetail.NO_RESOURCES,
                new Explanation("all 4 GPUs are taken", List.of(), List.of())));

    controller.tell(new DeploymentController.Watch(replies.ref()));
    DeploymentStatus status = awaitState(DeploymentState.UPDATING);
    while (!status.message().contains("waits for room")) {
      status = expectStatus();
    }
    old.probe.expectNoMessage(Duration.ofMillis(100));
  }

  @Test
  void controllerLost_theNextOneAdoptsTheReplicaAndKeepsTarget() {
    deploy(LlmConfig.builder().modelId("m").minReplicas(1).maxReplicas(3).build());
    RunningReplica replica = run(expectCreate());
    controller.tell(new DeploymentController.Scale(2, replies.ref()));
    assertThat(expectStatus().targetReplicas()).isEqualTo(2);
    expectCreate();
    testKit.stop(controller);

    controller = spawn();
    controller.tell(replica.announcement());

    replica.probe.expectMessageClass(Replica.Adopt.class, WAIT);
    replica.probe.expectMessageClass(Replica.Reconfigure.class, WAIT);
    replica.probe.expectMessage(WAIT, new Replica.Activate());
    assertThat(expectCreate().spec().id()).isEqualTo(replica.name());
    manager.expectMessageClass(PlacementGroupManager.Describe.class, WAIT);
    assertThat(expectCreate().spec().id()).isNotEqualTo(replica.name());
    controller.tell(new DeploymentController.Describe(replies.ref()));
    DeploymentStatus status = expectStatus();
    assertThat(status.targetReplicas()).isEqualTo(2);
    assertThat(status.replicas()).extracting(ReplicaStatus::name).contains(replica.name());
  }

  @Test
  void announcement_ofADeploymentThatIsGone_drainsTheReplicaAndGivesItsGroupBack() {
    TestProbe<Replica.Command> probe = testKit.createTestProbe();
    TestProbe<ReplicaGang.Command> lost = testKit.createTestProbe();
    ReplicaSpec spec =
        new ReplicaSpec(
            "m-0-abcd", Versions.first(CONFIG), 0, List.of(placement(agent.ref())), lost.ref());
    RunningReplica replica = new RunningReplica(spec, probe, lost.ref());

    controller.tell(replica.announcement());

    Replica.Adopt adopt = probe.expectMessageClass(Replica.Adopt.class, WAIT);
    probe.fishForMessage(
        WAIT,
        message ->
            message instanceof Replica.Drain
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
    expectCreate();
    adopt.owner().tell(new ReplicaGang.Drained("m-0-abcd"));
    remove("m-0-abcd");
  }

  @Test
  void delete_withAnIngress_stopsReplicasOnlyAfterItHasForgotten() {
    deploy();
    controller.tell(new DeploymentController.Follow(ingress.ref()));
    ingress.expectMessageClass(IngressModels.ModelDeployed.class, WAIT);
    PlacementGroupManager.Create create = expectCreate();

    controller.tell(new DeploymentController.Delete(replies.ref()));
    ingress.expectMessage(WAIT, new IngressModels.ModelDeleted("m", controller));
    manager.expectNoMessage(Duration.ofMillis(100));
    controller.tell(new DeploymentController.Forgotten(ingress.ref()));
    remove(create);

    replies.expectMessage(WAIT, new DeploymentController.NotDeployed("m"));
    manager.expectTerminated(controller, WAIT);
  }

  @Test
  void delete_ingressThatIsLost_isNotWaitedFor() {
    deploy();
    controller.tell(new DeploymentController.Follow(ingress.ref()));
    ingress.expectMessageClass(IngressModels.ModelDeployed.class, WAIT);
    PlacementGroupManager.Create create = expectCreate();

    controller.tell(new DeploymentController.Delete(replies.ref()));
    ingress.stop();
    remove(create);

    replies.expectMessage(WAIT, new DeploymentController.NotDeployed("m"));
  }

  @Test
  void scale_withinAndBeyondTheBounds_startsReplicasOrSaysWhichThereMayBe() {
    deploy(LlmConfig.builder().modelId("m").minReplicas(1).maxReplicas(2).build());
    expectCreate();

    controller.tell(new DeploymentController.Scale(2, replies.ref()));
    assertThat(expectStatus().targetReplicas()).isEqualTo(2);
    expectCreate();
    controller.tell(new DeploymentController.Scale(3, replies.ref()));
    assertThat(replies.expectMessageClass(DeploymentController.Refused.class, WAIT).reason())
        .contains("[3]", "max-replicas is 2");
  }

  @Test
  void scale_modelThatIsNotDeployed_saysSo() {
    controller.tell(new DeploymentController.Scale(2, replies.ref()));

    replies.expectMessage(WAIT, new DeploymentController.NotDeployed("m"));
  }

  private DeploymentStatus expectStatus() {
    return replies.expectMessageClass(DeploymentController.Deployed.class, WAIT).status();
  }

  private void deploy() {
    deploy(CONFIG);
  }

  private void deploy(LlmConfig config) {
    TestProbe<DeploymentController.DeployReply> deployed = testKit.createTestProbe();
    controller.tell(new DeploymentController.Deploy(config, deployed.ref()));
    deployed.expectMessageClass(DeploymentController.Deployed.class, WAIT);
  }

  private PlacementGroupManager.Create expectCreate() {
    return manager.expectMessageClass(PlacementGroupManager.Create.class, WAIT);
  }

  private void rejectAndRemove() {
    PlacementGroupManager.Create create = expectCreate();
    create
        .subscriber()
        .tell(
            new GroupEvent.GroupRejected(create.spec().id(), ErrorCode.INTERNAL, "no such label"));
    remove(create);
  }

  private record RunningReplica(
      ReplicaSpec spec, TestProbe<Replica.Command> probe, ActorRef<ReplicaGang.Command> gang) {

    private String name() {
      return spec.name();
    }

    private ReplicaGang.Ready ready() {
      RankInfo rank = new RankInfo(0, 0, 0, "127.0.0.1:1", "cpu");
      return new ReplicaGang.Ready(name(), probe.ref(), List.of(rank), 99);
    }

    private DeploymentController.Announce announcement() {
      return new DeploymentController.Announce(spec, probe.ref(), Optional.of(ready()), false);
    }
  }

  private static BundlePlacement placement(ActorRef<NodeAgent.Command> agent) {
    return new BundlePlacement(0, "node", "127.0.0.1:1", List.of(0), agent);
  }

  /** Plays the manager, the node and the replica until that is ready. */
  private RunningReplica run(PlacementGroupManager.Create create) {
    String name = create.spec().id();
    create.subscriber().tell(new GroupEvent.GroupCreated(name, List.of(placement(agent.ref()))));
    NodeAgent.Launch launch = agent.expectMessageClass(NodeAgent.Launch.class, WAIT);
    TestProbe<Replica.Command> probe = testKit.createTestProbe();
    ActorRef<?> actor = probe.ref();
    launch
        .replyTo()
        .tell(new NodeAgent.Launched(launch.bundle(), launch.name(), actor.unsafeUpcast()));
    ReplicaSpec spec = (ReplicaSpec) launch.spec();
    ActorRef<ReplicaGang.Command> gang = spec.owner();
    RunningReplica replica = new RunningReplica(spec, probe, gang);
    gang.tell(replica.ready());
    probe.expectMessageClass(Replica.Reconfigure.class, WAIT);
    probe.expectMessage(WAIT, new Replica.Activate());
    awaitThatTheControllerKnows(replica);
    return replica;
  }

  private void awaitThatTheControllerKnows(RunningReplica replica) {
    TestProbe<DeploymentController.DeployReply> asked = testKit.createTestProbe();
    while (true) {
      controller.tell(new DeploymentController.Describe(asked.ref()));
      DeploymentStatus status =
          asked.expectMessageClass(DeploymentController.Deployed.class, WAIT).status();
      if (status.replicas().stream()
          .anyMatch(r -> r.name().equals(replica.name()) && r.state() == ReplicaState.READY)) {
        return;
      }
    }
  }

  private IngressModels.ModelDeployed expectVersions(int versions) {
    while (true) {
      IngressModels.ModelDeployed deployed =
          ingress.expectMessageClass(IngressModels.ModelDeployed.class, WAIT);
      if (deployed.versions().size() == versions) {
        return deployed;
      }
    }
  }

  private void remove(PlacementGroupManager.Create create) {
    remove(create.spec().id());
  }

  private void remove(String name) {
    PlacementGroupManager.Remove remove =
        manager.expectMessageClass(PlacementGroupManager.Remove.class, WAIT);
    assertThat(remove.groupId()).isEqualTo(name);
    remove.replyTo().tell(new GroupEvent.GroupRemoved(remove.groupId()));
  }

  private DeploymentStatus awaitState(DeploymentState state) {
    while (true) {
      DeploymentStatus status = expectStatus();
      if (status.state() == state) {
        return status;
      }
    }
  }
}
