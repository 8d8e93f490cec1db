package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.PlacementGroupManager;
import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** How a {@link DeploymentController} starts, scales, adopts and deletes replicas. */
final class DeploymentControllerTest extends ControllerFixture {
  private static final ActorTestKit testKit = ActorTestKit.create();

  DeploymentControllerTest() {
    super(testKit);
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
  void controllerLost_theNextOneAdoptsTheReplicaAndKeepsTarget() {
    deploy(LlmConfig.builder().modelId("m").minReplicas(1).maxReplicas(3).build());
    RunningReplica replica = run(expectCreate());
    controller.tell(new DeploymentController.Scale(2, replies.ref()));
    assertThat(expectStatus().targetReplicas()).isEqualTo(2);
    expectCreate();
    testKit.stop(controller);

    controller = spawn();
    controller.tell(replica.announcement());

    replica.probe().expectMessageClass(Replica.Adopt.class, WAIT);
    replica.probe().expectMessageClass(Replica.Reconfigure.class, WAIT);
    replica.probe().expectMessage(WAIT, new Replica.Activate());
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
}
