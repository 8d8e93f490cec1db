package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupEvent;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.placement.SchedulingDetail;
import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** How a {@link DeploymentController} brings a deployment to another configuration. */
final class DeploymentUpdateTest extends ControllerFixture {
  private static final ActorTestKit testKit = ActorTestKit.create();
  private static final LlmConfig OTHER = LlmConfig.builder().modelId("m").maxModelLen(8).build();

  DeploymentUpdateTest() {
    super(testKit);
  }

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void update_ofALimit_isToldToReplicasAndIngressesAndRestartsNothing() {
    deploy();
    controller.tell(new DeploymentController.Follow(ingress.ref()));
    RunningReplica replica = run(expectCreate());

    deploy(LlmConfig.builder().modelId("m").maxOngoingRequests(7).build());

    Replica.Reconfigure told = replica.probe().expectMessageClass(Replica.Reconfigure.class, WAIT);
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
    old.probe().expectNoMessage(Duration.ofMillis(100));
    run(second);
    old.probe().expectMessage(WAIT, new Replica.Drain());
    old.gang().tell(new ReplicaGang.Drained(old.name()));
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
    old.probe().expectNoMessage(Duration.ofMillis(100));
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
    old.probe().expectNoMessage(Duration.ofMillis(100));
  }
}
