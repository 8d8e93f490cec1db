package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.GroupEvent;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.List;
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

  private final TestProbe<PlacementGroupManager.Command> manager = testKit.createTestProbe();
  private final TestProbe<IngressModels.Command> ingress = testKit.createTestProbe();
  private final TestProbe<DeploymentController.DeployReply> replies = testKit.createTestProbe();
  private final ActorRef<DeploymentController.Command> controller =
      testKit.spawn(
          DeploymentController.create(
              "m",
              ServingSettings.of(
                  ConfigFactory.parseString(
                          "phalanx.serving { restart-delay = 10ms, max-restart-delay = 10ms }")
                      .withFallback(ConfigFactory.load())),
              manager.ref(),
              self -> self.tell(new DeploymentController.End())));

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
    assertThat(messagesSoFar()).noneMatch(PlacementGroupManager.Create.class::isInstance);
  }

  /** Returns what the manager was sent and no test has looked at; a removal may be repeated. */
  private List<PlacementGroupManager.Command> messagesSoFar() {
    TestProbe<PlacementGroupManager.Groups> nobody = testKit.createTestProbe();
    PlacementGroupManager.Describe last = new PlacementGroupManager.Describe(nobody.ref());
    manager.ref().tell(last);
    return manager.fishForMessage(
        WAIT,
        message ->
            message.equals(last)
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndCollect());
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

  /** Waits for a new group; the removal of an old one may be asked for again meanwhile. */
  private PlacementGroupManager.Create expectCreate() {
    List<PlacementGroupManager.Command> fished =
        manager.fishForMessage(
            WAIT,
            message ->
                message instanceof PlacementGroupManager.Create
                    ? FishingOutcomes.complete()
                    : FishingOutcomes.continueAndIgnore());
    return (PlacementGroupManager.Create) fished.get(fished.size() - 1);
  }

  private void rejectAndRemove() {
    PlacementGroupManager.Create create = expectCreate();
    create
        .subscriber()
        .tell(
            new GroupEvent.GroupRejected(create.spec().id(), ErrorCode.INTERNAL, "no such label"));
    remove(create);
  }

  private void remove(PlacementGroupManager.Create create) {
    PlacementGroupManager.Remove remove =
        manager.expectMessageClass(PlacementGroupManager.Remove.class, WAIT);
    assertThat(remove.groupId()).isEqualTo(create.spec().id());
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
