package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.NodeAgent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Four replicas behind one router that get ten times what they and the queue hold. */
final class OverloadTest {
  private static final ActorTestKit testKit = ActorTestKit.create();
  private static final Duration WAIT = Duration.ofSeconds(20);
  private static final int REPLICAS = 4;
  private static final int ONGOING = 4;
  private static final int QUEUED = 24;
  private static final int TAKEN = REPLICAS * ONGOING + QUEUED;
  private static final int TOKENS = 6;

  private final FakeModel model = new FakeModel();
  private final ReplicaCounts replicas = new ReplicaCounts();
  private final LlmConfig config =
      LlmConfig.builder()
          .modelId("fake")
          .modelSource("fake")
          .maxModelLen(64)
          .maxNumSeqs(ONGOING)
          .maxOngoingRequests(ONGOING)
          .maxQueuedRequests(QUEUED)
          .build();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void burst_ofTenTimesTheRoom_refusesTheRestAndAnswersAllItTook() {
    ActorRef<ReplicaRouter.Command> router = start();
    CountDownLatch gate = new CountDownLatch(1);
    model.holdAt(gate);

    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < 10 * TAKEN; i++) {
      readers.add(open(router, i));
    }
    for (Reader refused : readers.subList(TAKEN, readers.size())) {
      ServingException error = refused.failure();
      assertThat(error.code()).isEqualTo(ErrorCode.OVERLOADED);
      assertThat(error.retryAfter().orElseThrow())
          .isBetween(Duration.ofSeconds(1), Duration.ofSeconds(60));
    }
    gate.countDown();

    for (int i = 0; i < TAKEN; i++) {
      assertThat(tokens(readers.get(i))).isEqualTo(expected(i));
    }
    assertThat(tokens(open(router, -1))).as("after the burst").isEqualTo(expected(-1));
  }

  private ActorRef<ReplicaRouter.Command> start() {
    ServingEnvironment environment = model.environment();
    TestProbe<ReplicaGang.Command> owner = testKit.createTestProbe();
    for (int i = 0; i < REPLICAS; i++) {
      ActorRef<NodeAgent.Command> agent = testKit.spawn(FakeNode.create(environment));
      BundlePlacement placement = new BundlePlacement(0, "node", "127.0.0.1:1", List.of(), agent);
      testKit.spawn(
          Replica.create(
              new ReplicaSpec(
                  "fake-" + i, Versions.first(config), i, List.of(placement), owner.ref()),
              environment));
    }
    for (int ready = 0; ready < REPLICAS; ) {
      if (owner.receiveMessage(WAIT) instanceof ReplicaGang.Ready message) {
        message.actor().tell(new Replica.Activate());
        ready++;
      }
    }
    ActorRef<ReplicaRouter.Command> router =
        testKit.spawn(
            ReplicaRouter.create(
                config, "1", ServingSettings.of(ConfigFactory.load()), replicas, backlog -> {}));
    replicas.await(REPLICAS);
    return router;
  }

  private static Reader open(ActorRef<ReplicaRouter.Command> router, int number) {
    Reader reader = new Reader();
    SamplingParams sampling = SamplingParams.greedy(TOKENS).withIgnoreEos();
    router.tell(
        new ReplicaRouter.Open(
            new GenerationRequest("r" + number, prompt(number), sampling), reader));
    return reader;
  }

  private static int[] prompt(int number) {
    return new int[] {1 + Math.floorMod(number, 300), 7};
  }

  private static List<Integer> expected(int number) {
    return FakeModel.continuation(prompt(number), TOKENS);
  }

  private static List<Integer> tokens(Reader reader) {
    List<Integer> tokens = new ArrayList<>();
    TokenEvent event = reader.event();
    while (event.finishReason() == null) {
      tokens.add(event.tokenId());
      event = reader.event();
    }
    tokens.add(event.tokenId());
    return tokens;
  }
}
