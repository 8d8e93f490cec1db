package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.pekko.actor.testkit.typed.FishingOutcome;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Requests of a {@link ReplicaRouter} that wait, come too late, or are refused by a replica. */
final class RouterAdmissionTest {
  private static final ActorTestKit testKit = ActorTestKit.create();
  private static final Duration WAIT = Duration.ofSeconds(10);

  private final String modelId = "m-" + UUID.randomUUID();
  private final ReplicaCounts listener = new ReplicaCounts();
  private final TestProbe<DeploymentController.IngressBacklog> controller =
      testKit.createTestProbe();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void open_lastReplicaGone_waitsForTheNextAndTellsTheController() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    replica().stop();
    listener.await(1);
    listener.await(0);
    open(router, "r");

    assertThat(controller.expectMessageClass(DeploymentController.IngressBacklog.class, WAIT))
        .isEqualTo(new DeploymentController.IngressBacklog(router, 1));
    assertThat(controller.receiveMessage(WAIT).waitingRequests()).as("repeated").isEqualTo(1);
    TestProbe<Replica.Command> next = replica();

    assertThat(generate(next)).isEqualTo("r");
    assertThat(controller.fishForMessage(WAIT, RouterAdmissionTest::untilZero)).isNotEmpty();
  }

  @Test
  void open_noReplicaComes_isToldSo() {
    ActorRef<ReplicaRouter.Command> router =
        router(config(), "phalanx.serving.wait-for-replica = 10 ms");
    replica().stop();
    listener.await(1);
    listener.await(0);

    Reader reader = open(router, "r");

    assertThat(reader.failure().code()).isEqualTo(ErrorCode.NOT_READY);
  }

  private static FishingOutcome untilZero(DeploymentController.IngressBacklog backlog) {
    return backlog.waitingRequests() == 0
        ? FishingOutcomes.complete()
        : FishingOutcomes.continueAndIgnore();
  }

  @Test
  void open_withoutReplicaBeyondTheQueue_isRefused() {
    ActorRef<ReplicaRouter.Command> router = router(config().maxQueuedRequests(1));
    replica().stop();
    listener.await(1);
    listener.await(0);
    open(router, "waits");

    assertThat(open(router, "refused").failure().code()).isEqualTo(ErrorCode.OVERLOADED);
  }

  @Test
  void deadline_whileItWaits_endsTheRequest() {
    ActorRef<ReplicaRouter.Command> router = router(config().maxOngoingRequests(1));
    TestProbe<Replica.Command> replica = replica();
    open(router, "running");
    assertThat(generate(replica)).isEqualTo("running");

    Reader late = open(router, "late", RequestTerms.ofTimeout(Duration.ofMillis(20)));

    assertThat(late.failure())
        .hasMessageContaining("still waited for a replica")
        .extracting("code")
        .isEqualTo(ErrorCode.TIMEOUT);
  }

  @Test
  void deadline_whileItRuns_abortsTheSequence() {
    ActorRef<ReplicaRouter.Command> router = router(config().requestTimeout(Duration.ofMillis(20)));
    TestProbe<Replica.Command> replica = replica();
    Reader reader = open(router, "r", RequestTerms.ofTimeout(Duration.ofHours(1)));
    assertThat(generate(replica)).isEqualTo("r");

    assertThat(reader.failure().code()).isEqualTo(ErrorCode.TIMEOUT);
    replica.expectMessage(WAIT, new Replica.Abort("r"));
  }

  @Test
  void replica_thatIsFull_isAskedAgainOnlyWhenItHasRoom() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> replica = replica();
    open(router, "r");
    assertThat(generate(replica)).isEqualTo("r");

    router.tell(
        new Replica.RequestFailed(
            replica.ref(), "r", ErrorCode.OVERLOADED, "full", Optional.empty()));
    controller.expectMessage(WAIT, new DeploymentController.IngressBacklog(router, 1));
    router.tell(
        new Replica.BacklogReport(replica.ref(), "replica", Backlog.EMPTY, EngineStats.NONE));

    assertThat(generate(replica)).isEqualTo("r");
  }

  @Test
  void waiting_withPriorities_goInTheirOrder() {
    ActorRef<ReplicaRouter.Command> router =
        router(config().maxOngoingRequests(1).schedulingPolicy(SchedulingPolicy.PRIORITY));
    TestProbe<Replica.Command> replica = replica();
    open(router, "running");
    assertThat(generate(replica)).isEqualTo("running");
    open(router, "usual");
    open(router, "urgent", RequestTerms.ofPriority(-1));

    router.tell(new Replica.Tokens(replica.ref(), List.of(last("running")), 0));

    assertThat(generate(replica)).isEqualTo("urgent");
  }

  @Test
  void reconfigure_moreOngoing_letsThemIn() {
    ActorRef<ReplicaRouter.Command> router = router(config().maxOngoingRequests(1));
    TestProbe<Replica.Command> replica = replica();
    open(router, "first");
    open(router, "second");
    assertThat(generate(replica)).isEqualTo("first");

    router.tell(new ReplicaRouter.Reconfigure(config().maxOngoingRequests(2).build()));

    assertThat(generate(replica)).isEqualTo("second");
  }

  private LlmConfigBuilder config() {
    return LlmConfig.builder().modelId(modelId);
  }

  private ActorRef<ReplicaRouter.Command> router(LlmConfigBuilder config) {
    return router(config, "");
  }

  private ActorRef<ReplicaRouter.Command> router(LlmConfigBuilder config, String settings) {
    return testKit.spawn(
        ReplicaRouter.create(
            config.build(),
            "1",
            ServingSettings.of(
                ConfigFactory.parseString(settings).withFallback(ConfigFactory.load())),
            listener,
            controller.ref()::tell));
  }

  private TestProbe<Replica.Command> replica() {
    TestProbe<Replica.Command> probe = testKit.createTestProbe();
    testKit
        .system()
        .receptionist()
        .tell(Receptionist.register(Replica.serviceKey(modelId, "1"), probe.ref()));
    probe.expectMessageClass(Replica.Subscribe.class, WAIT);
    return probe;
  }

  private static String generate(TestProbe<Replica.Command> replica) {
    return replica.expectMessageClass(Replica.Generate.class, WAIT).request().requestId();
  }

  private static Reader open(ActorRef<ReplicaRouter.Command> router, String id) {
    return open(router, id, RequestTerms.DEFAULT);
  }

  private static Reader open(
      ActorRef<ReplicaRouter.Command> router, String id, RequestTerms terms) {
    Reader reader = new Reader();
    router.tell(new ReplicaRouter.Open(request(id, terms), reader));
    return reader;
  }

  private static GenerationRequest request(String id, RequestTerms terms) {
    return new GenerationRequest(id, new int[] {1}, SamplingParams.greedy(8)).withTerms(terms);
  }

  private static TokenEvent last(String id) {
    return new TokenEvent(id, 0, 7, "x", FinishReason.STOP);
  }
}
