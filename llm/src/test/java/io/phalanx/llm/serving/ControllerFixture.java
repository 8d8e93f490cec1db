package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.GroupEvent;
import io.phalanx.placement.NodeAgent;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * What tests of a {@link DeploymentController} share: the controller between probes that play the
 * manager, a node and the ingresses.
 */
abstract class ControllerFixture {
  static final Duration WAIT = Duration.ofSeconds(10);
  static final LlmConfig CONFIG = LlmConfig.builder().modelId("m").build();

  final TestProbe<PlacementGroupManager.Command> manager;
  final TestProbe<IngressModels.Command> ingress;
  final TestProbe<DeploymentController.DeployReply> replies;
  final TestProbe<NodeAgent.Command> agent;
  ActorRef<DeploymentController.Command> controller;
  private final ActorTestKit testKit;
  private final RecordsInMemory records = new RecordsInMemory();

  ControllerFixture(ActorTestKit testKit) {
    this.testKit = testKit;
    this.manager = testKit.createTestProbe();
    this.ingress = testKit.createTestProbe();
    this.replies = testKit.createTestProbe();
    this.agent = testKit.createTestProbe();
    this.controller = spawn();
  }

  ActorRef<DeploymentController.Command> spawn() {
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

  DeploymentStatus expectStatus() {
    return replies.expectMessageClass(DeploymentController.Deployed.class, WAIT).status();
  }

  void deploy() {
    deploy(CONFIG);
  }

  void deploy(LlmConfig config) {
    TestProbe<DeploymentController.DeployReply> deployed = testKit.createTestProbe();
    controller.tell(new DeploymentController.Deploy(config, deployed.ref()));
    deployed.expectMessageClass(DeploymentController.Deployed.class, WAIT);
  }

  PlacementGroupManager.Create expectCreate() {
    return manager.expectMessageClass(PlacementGroupManager.Create.class, WAIT);
  }

  void rejectAndRemove() {
    PlacementGroupManager.Create create = expectCreate();
    create
        .subscriber()
        .tell(
            new GroupEvent.GroupRejected(create.spec().id(), ErrorCode.INTERNAL, "no such label"));
    remove(create);
  }

  record RunningReplica(
      ReplicaSpec spec, TestProbe<Replica.Command> probe, ActorRef<ReplicaGang.Command> gang) {

    String name() {
      return spec.name();
    }

    ReplicaGang.Ready ready() {
      RankInfo rank = new RankInfo(0, 0, 0, "127.0.0.1:1", "cpu");
      return new ReplicaGang.Ready(name(), probe.ref(), List.of(rank), 99);
    }

    DeploymentController.Announce announcement() {
      return new DeploymentController.Announce(spec, probe.ref(), Optional.of(ready()), false);
    }
  }

  static BundlePlacement placement(ActorRef<NodeAgent.Command> agent) {
    return new BundlePlacement(0, "node", "127.0.0.1:1", List.of(0), agent);
  }

  /** Plays the manager, the node and the replica until that is ready. */
  RunningReplica run(PlacementGroupManager.Create create) {
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

  void awaitThatTheControllerKnows(RunningReplica replica) {
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

  IngressModels.ModelDeployed expectVersions(int versions) {
    while (true) {
      IngressModels.ModelDeployed deployed =
          ingress.expectMessageClass(IngressModels.ModelDeployed.class, WAIT);
      if (deployed.versions().size() == versions) {
        return deployed;
      }
    }
  }

  void remove(PlacementGroupManager.Create create) {
    remove(create.spec().id());
  }

  void remove(String name) {
    PlacementGroupManager.Remove remove =
        manager.expectMessageClass(PlacementGroupManager.Remove.class, WAIT);
    assertThat(remove.groupId()).isEqualTo(name);
    remove.replyTo().tell(new GroupEvent.GroupRemoved(remove.groupId()));
  }

  DeploymentStatus awaitState(DeploymentState state) {
    while (true) {
      DeploymentStatus status = expectStatus();
      if (status.state() == state) {
        return status;
      }
    }
  }
}
