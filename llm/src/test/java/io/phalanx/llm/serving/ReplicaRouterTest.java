package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.Metrics;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** A {@link ReplicaRouter} and its streams between probes that play replicas and readers. */
final class ReplicaRouterTest extends RouterFixture {
  private static final ActorTestKit testKit = ActorTestKit.create();

  ReplicaRouterTest() {
    super(testKit);
  }

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void open_withoutReplica_saysNotReady() {
    Reader reader = new Reader();

    router(config()).tell(new ReplicaRouter.Open(request("r"), reader));

    assertThat(reader.failure().code()).isEqualTo(ErrorCode.NOT_READY);
  }

  @Test
  void tokens_inOrder_reachTheReader() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> replica = replica();
    Reader reader = openAt(replica, router, "r");

    router.tell(tokens(replica, event("r", 0, null), event("r", 1, FinishReason.STOP)));

    assertThat(reader.event().position()).isZero();
    assertThat(reader.event().finishReason()).isEqualTo(FinishReason.STOP);
  }

  @Test
  void tokens_withAGap_areAskedForAgain() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> replica = replica();
    Reader reader = openAt(replica, router, "r");

    router.tell(tokens(replica, event("r", 0, null)));
    router.tell(tokens(replica, event("r", 2, FinishReason.LENGTH)));
    Replica.Resend resend = replica.expectMessageClass(Replica.Resend.class, WAIT);
    router.tell(tokens(replica, event("r", 1, null), event("r", 2, FinishReason.LENGTH)));

    assertThat(resend.fromPosition()).isEqualTo(1);
    assertThat(reader.event().position()).isZero();
    assertThat(reader.event().position()).isEqualTo(1);
    assertThat(reader.event().position()).isEqualTo(2);
  }

  @Test
  void cancel_ofARunningRequest_abortsItAtTheReplica() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> replica = replica();
    Reader reader = openAt(replica, router, "r");

    router.tell(new ReplicaRouter.Cancel("r", reader));

    replica.expectMessage(new Replica.Abort("r"));
  }

  @Test
  void open_allFull_queuesThenRefuses() {
    ActorRef<ReplicaRouter.Command> router =
        router(config().maxOngoingRequests(1).maxQueuedRequests(1));
    TestProbe<Replica.Command> replica = replica();
    open(router, "first");
    open(router, "second");
    Reader third = open(router, "third");

    ServingException refused = third.failure();
    assertThat(refused.code()).isEqualTo(ErrorCode.OVERLOADED);
    assertThat(refused.code().httpStatus()).isEqualTo(429);
    assertThat(refused).hasMessageContaining("max-queued-requests");
    replica.expectMessageClass(Replica.Generate.class, WAIT);
    router.tell(tokens(replica, 0, event("first", 0, FinishReason.STOP)));
    assertThat(replica.expectMessageClass(Replica.Generate.class, WAIT).request().requestId())
        .isEqualTo("second");
  }

  @Test
  void replicaEnds_midStream_failsTheRequest() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> replica = replica();
    Reader reader = openAt(replica, router, "r");
    router.tell(tokens(replica, event("r", 0, null)));
    assertThat(reader.event().position()).isZero();

    replica.stop();

    assertThat(reader.failure().code()).isEqualTo(ErrorCode.REPLICA_FAILED);
  }

  @Test
  void replicaEnds_beforeTheFirstToken_anotherGetsTheRequest() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> first = replica();
    openAt(first, router, "r");
    TestProbe<Replica.Command> second = replica();
    listener.await(2);

    first.stop();

    second.expectMessageClass(Replica.Generate.class, WAIT);
  }

  @Test
  void replicaStops_beforeItTookTheRequest_anotherGetsIt() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> first = replica();
    openAt(first, router, "r");
    TestProbe<Replica.Command> second = replica();
    listener.await(2);

    router.tell(
        new Replica.RequestFailed(
            first.ref(), "r", ErrorCode.NOT_READY, "stopping", Optional.empty()));

    second.expectMessageClass(Replica.Generate.class, WAIT);
  }

  @Test
  void replicaFails_beforeTheFirstToken_anotherGetsTheRequestButNotForEver() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> first = replica();
    Reader reader = openAt(first, router, "r");
    TestProbe<Replica.Command> second = replica();
    listener.await(2);

    router.tell(failed(first));
    second.expectMessageClass(Replica.Generate.class, WAIT);
    TestProbe<Replica.Command> third = replica();
    router.tell(failed(second));
    third.expectMessageClass(Replica.Generate.class, WAIT);
    router.tell(failed(third));

    assertThat(reader.failure().code()).isEqualTo(ErrorCode.REPLICA_FAILED);
  }

  private static Replica.RequestFailed failed(TestProbe<Replica.Command> replica) {
    return new Replica.RequestFailed(
        replica.ref(), "r", ErrorCode.REPLICA_FAILED, "a rank ended", Optional.empty());
  }

  @Test
  void backlogs_ofTwoReplicas_sendTheRequestToTheLesser() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> busy = replica();
    TestProbe<Replica.Command> idle = replica();
    listener.await(2);
    router.tell(
        new Replica.BacklogReport(busy.ref(), "busy", new Backlog(20, 20, 0, 0), EngineStats.NONE));

    for (int i = 0; i < 10; i++) {
      open(router, "r" + i);
      idle.expectMessageClass(Replica.Generate.class, WAIT);
    }
    busy.expectNoMessage(Duration.ZERO);
  }

  @Test
  void close_withARunningStream_endsAfterItAndTakesNothingNew() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> replica = replica();
    Reader running = openAt(replica, router, "r");

    router.tell(new ReplicaRouter.Close(Optional.empty()));
    assertThat(open(router, "late").failure().code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    router.tell(tokens(replica, event("r", 0, FinishReason.STOP)));

    assertThat(running.event().finishReason()).isEqualTo(FinishReason.STOP);
    replica.expectTerminated(router, WAIT);
  }

  @Test
  void close_withoutAStream_endsAtOnceAndLaterStreamsFail() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    TestProbe<Replica.Command> probe = testKit.createTestProbe();

    router.tell(new ReplicaRouter.Close(Optional.empty()));
    probe.expectTerminated(router, WAIT);

    GenerationRequest request = request("r");
    ModelMetrics metrics = new ModelMetrics(modelId, new Metrics());
    assertThat(
            Source.fromGraph(
                    new TokenStage(
                        () -> TokenBuffer.open(router, request, metrics.request(request))))
                .runWith(Sink.ignore(), testKit.system()))
        .failsWithin(WAIT)
        .withThrowableThat()
        .withMessageContaining("router has ended");
  }

  private static TokenEvent event(String id, int position, @Nullable FinishReason reason) {
    return new TokenEvent(id, position, 7, position + " ", reason);
  }

  private static Replica.Tokens tokens(TestProbe<Replica.Command> replica, TokenEvent... events) {
    return tokens(replica, 1, events);
  }

  private static Replica.Tokens tokens(
      TestProbe<Replica.Command> replica, int backlog, TokenEvent... events) {
    return new Replica.Tokens(replica.ref(), List.of(events), backlog);
  }
}
