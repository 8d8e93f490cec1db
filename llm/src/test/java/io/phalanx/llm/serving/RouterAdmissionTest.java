package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.pekko.actor.testkit.typed.FishingOutcome;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Requests of a {@link ReplicaRouter} that wait, come too late, or are refused by a replica. */
final class RouterAdmissionTest extends RouterFixture {
  private static final ActorTestKit testKit = ActorTestKit.create();

  RouterAdmissionTest() {
    super(testKit);
  }

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

  @Test
  void close_waitingRequestWithATimeout_keepsItsDeadline() {
    ActorRef<ReplicaRouter.Command> router = routerThatLostItsReplica();
    TestProbe<ReplicaRouter.Command> next = testKit.createTestProbe();
    Duration timeout = Duration.ofMinutes(10);
    long before = System.nanoTime();
    open(router, "r", RequestTerms.ofTimeout(timeout));

    router.tell(new ReplicaRouter.Close(Optional.of(next.ref())));

    ReplicaRouter.Open moved = next.expectMessageClass(ReplicaRouter.Open.class, WAIT);
    long waited = moved.deadlineNanos().orElseThrow() - timeout.toNanos() - before;
    assertThat(waited).isBetween(0L, System.nanoTime() - before);
  }

  @Test
  void open_movedAfterItsDeadline_endsLate() {
    ActorRef<ReplicaRouter.Command> router = routerThatLostItsReplica();
    Reader reader = new Reader();
    OptionalLong now = OptionalLong.of(System.nanoTime());

    router.tell(new ReplicaRouter.Open(request("r"), reader, now));

    assertThat(reader.failure().code()).isEqualTo(ErrorCode.TIMEOUT);
  }

  private ActorRef<ReplicaRouter.Command> routerThatLostItsReplica() {
    ActorRef<ReplicaRouter.Command> router = router(config());
    replica().stop();
    listener.await(1);
    listener.await(0);
    return router;
  }

  private static String generate(TestProbe<Replica.Command> replica) {
    return replica.expectMessageClass(Replica.Generate.class, WAIT).request().requestId();
  }

  private static TokenEvent last(String id) {
    return new TokenEvent(id, 0, 7, "x", FinishReason.STOP);
  }
}
