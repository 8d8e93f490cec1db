package io.phalanx.llm.serving;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.llm.engine.SamplingParams;
import java.time.Duration;
import java.util.UUID;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

/**
 * What tests of a {@link ReplicaRouter} share: a model of its own, and probes around the router.
 */
abstract class RouterFixture {
  static final Duration WAIT = Duration.ofSeconds(10);

  final String modelId = "m-" + UUID.randomUUID();
  final ReplicaCounts listener = new ReplicaCounts();
  final TestProbe<DeploymentController.IngressBacklog> controller;
  private final ActorTestKit testKit;

  RouterFixture(ActorTestKit testKit) {
    this.testKit = testKit;
    this.controller = testKit.createTestProbe();
  }

  final LlmConfigBuilder config() {
    return LlmConfig.builder().modelId(modelId);
  }

  final ActorRef<ReplicaRouter.Command> router(LlmConfigBuilder config) {
    return router(config, "");
  }

  final ActorRef<ReplicaRouter.Command> router(LlmConfigBuilder config, String settings) {
    return testKit.spawn(
        ReplicaRouter.create(
            config.build(),
            "1",
            ServingSettings.of(
                ConfigFactory.parseString(settings).withFallback(ConfigFactory.load())),
            listener,
            controller.ref()::tell));
  }

  /** Registers a probe as a ready replica and waits until the router knows it. */
  final TestProbe<Replica.Command> replica() {
    TestProbe<Replica.Command> probe = testKit.createTestProbe();
    testKit
        .system()
        .receptionist()
        .tell(Receptionist.register(Replica.serviceKey(modelId, "1"), probe.ref()));
    probe.expectMessageClass(Replica.Subscribe.class, WAIT);
    return probe;
  }

  static Reader open(ActorRef<ReplicaRouter.Command> router, String id) {
    return open(router, id, RequestTerms.DEFAULT);
  }

  static Reader open(ActorRef<ReplicaRouter.Command> router, String id, RequestTerms terms) {
    Reader reader = new Reader();
    router.tell(new ReplicaRouter.Open(request(id, terms), reader));
    return reader;
  }

  /** Opens a request and waits until the replica has it. */
  static Reader openAt(
      TestProbe<Replica.Command> replica, ActorRef<ReplicaRouter.Command> router, String id) {
    Reader reader = open(router, id);
    replica.expectMessageClass(Replica.Generate.class, WAIT);
    return reader;
  }

  static GenerationRequest request(String id) {
    return request(id, RequestTerms.DEFAULT);
  }

  static GenerationRequest request(String id, RequestTerms terms) {
    return new GenerationRequest(id, new int[] {1}, SamplingParams.greedy(8)).withTerms(terms);
  }
}
