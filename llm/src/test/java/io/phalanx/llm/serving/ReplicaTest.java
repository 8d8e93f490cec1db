package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.layers.Kernels;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A {@link Replica} with its workers over a {@link FakeModel}. */
final class ReplicaTest {
  private static final ActorTestKit testKit = ActorTestKit.create();
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final FakeModel model = new FakeModel();
  private final StartedReplicas replicas = new StartedReplicas(testKit);
  private final TestProbe<Replica.ToIngress> ingress = testKit.createTestProbe();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "2, 1", "1, 2", "2, 2"})
  void start_everySize_isReadyAfterARealToken(int tp, int pp) {
    ReplicaGang.Ready ready = start(config().tensorParallelSize(tp).pipelineParallelSize(pp));

    assertThat(ready.ranks()).extracting(RankInfo::rank).hasSize(tp * pp);
    assertThat(ready.ranks()).extracting(RankInfo::device).containsOnly("cpu");
    assertThat(ready.maxModelLength()).isPositive();
  }

  @Test
  void generate_oneRequest_streamsEveryTokenAndItsPosition() {
    ActorRef<Replica.Command> replica = start(config()).actor();

    replica.tell(generate("r", new int[] {1, 2, 3}, 20));

    List<TokenEvent> events = events("r");
    assertThat(events)
        .extracting(TokenEvent::tokenId)
        .isEqualTo(FakeModel.continuation(new int[] {1, 2, 3}, 20));
    assertThat(events)
        .extracting(TokenEvent::position)
        .isEqualTo(IntStream.range(0, 20).boxed().toList());
    assertThat(events.get(19).finishReason()).isEqualTo(FinishReason.LENGTH);
  }

  @ParameterizedTest
  @CsvSource({"1, 500", "2, 500", "1, 20", "2, 20"})
  void generate_manyWithCancellations_giveTheTokensThatEachGivesAlone(int pp, int numBlocks) {
    ActorRef<Replica.Command> replica =
        start(pool(config().pipelineParallelSize(pp), numBlocks)).actor();
    SplittableRandom random = new SplittableRandom(pp * 7919L + numBlocks);
    Map<String, int[]> prompts = new HashMap<>();
    for (int i = 0; i < 16; i++) {
      int[] prompt = random.ints(random.nextInt(1, 60), 0, 300).toArray();
      prompts.put("r" + i, prompt);
      replica.tell(generate("r" + i, prompt, 40));
      if (i % 4 == 3) {
        replica.tell(new Replica.Abort("r" + (i - 1)));
        prompts.remove("r" + (i - 1));
      }
    }

    Map<String, List<Integer>> tokens = tokensOf(prompts.size());
    prompts.forEach(
        (id, prompt) ->
            assertThat(tokens.get(id)).as(id).isEqualTo(FakeModel.continuation(prompt, 40)));
    EngineStats stats = assertAllBlocksFree(replica);
    assertThat(stats.numBlocks()).isEqualTo(numBlocks);
    assertThat(stats.preemptions() > 0).isEqualTo(numBlocks < 100);
  }

  @Test
  void generate_samePromptAgain_takesItsPrefixFromTheCache() {
    ActorRef<Replica.Command> replica = start(config()).actor();
    int[] prompt = IntStream.range(0, 40).toArray();

    replica.tell(generate("first", prompt, 5));
    List<TokenEvent> first = events("first");
    replica.tell(generate("second", prompt, 5));
    List<TokenEvent> second = events("second");

    assertThat(first).extracting(TokenEvent::cachedTokens).containsOnly(0);
    assertThat(second).extracting(TokenEvent::cachedTokens).containsOnly(32);
    assertThat(second)
        .extracting(TokenEvent::tokenId)
        .isEqualTo(first.stream().map(TokenEvent::tokenId).toList());
    assertThat(assertAllBlocksFree(replica).prefixCacheHits()).isEqualTo(32);
  }

  @Test
  void generate_tooLong_isRefusedAndNothingIsKept() {
    ActorRef<Replica.Command> replica = start(config().maxModelLen(32)).actor();

    replica.tell(generate("r", new int[30], 10));

    Replica.RequestFailed failed = ingress.expectMessageClass(Replica.RequestFailed.class, WAIT);
    assertThat(failed.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
    assertAllBlocksFree(replica);
  }

  @Test
  void resend_afterTheEnd_sendsTheMissingEventsAgain() {
    ActorRef<Replica.Command> replica = start(config()).actor();
    replica.tell(generate("r", new int[] {5}, 4));
    List<TokenEvent> events = events("r");

    replica.tell(new Replica.Resend("r", 2, ingress.ref()));

    assertThat(ingress.expectMessageClass(Replica.Tokens.class, WAIT).events())
        .isEqualTo(events.subList(2, 4));
  }

  @Test
  void resend_unknownRequest_fails() {
    ActorRef<Replica.Command> replica = start(config()).actor();

    replica.tell(new Replica.Resend("never", 0, ingress.ref()));

    assertThat(ingress.expectMessageClass(Replica.RequestFailed.class, WAIT).code())
        .isEqualTo(ErrorCode.REPLICA_FAILED);
  }

  @Test
  void workerFails_duringRequests_failsThemAndStops() {
    ActorRef<Replica.Command> replica = start(config().tensorParallelSize(2)).actor();
    model.failNextStep();

    replica.tell(generate("r", new int[] {5}, 4));

    Replica.RequestFailed failed = ingress.expectMessageClass(Replica.RequestFailed.class, WAIT);
    assertThat(failed.code()).isEqualTo(ErrorCode.REPLICA_FAILED);
    assertThat(failed.reason()).contains("made to fail");
    assertThat(replicas.expectFromOwner(ReplicaGang.Failed.class).reason())
        .contains("made to fail");
    ingress.expectTerminated(replica, WAIT);
  }

  @Test
  void ingressEnds_withRequests_abortsThem() {
    ActorRef<Replica.Command> replica = start(config()).actor();
    CountDownLatch gate = new CountDownLatch(1);
    model.holdAt(gate);
    TestProbe<Replica.ToIngress> dying = testKit.createTestProbe();
    replica.tell(new Replica.Generate(request("r", new int[] {1}, 5000), dying.ref()));

    dying.stop();
    gate.countDown();

    assertAllBlocksFree(replica);
  }

  @Test
  void drain_withARequest_finishesItThenStops() {
    ActorRef<Replica.Command> replica = start(config()).actor();
    CountDownLatch gate = new CountDownLatch(1);
    model.holdAt(gate);
    replica.tell(generate("r", new int[] {1}, 10));
    replica.tell(new Replica.Drain());
    replica.tell(generate("late", new int[] {1}, 10));
    Replica.RequestFailed late = ingress.expectMessageClass(Replica.RequestFailed.class, WAIT);
    assertThat(late.code()).isEqualTo(ErrorCode.NOT_READY);

    gate.countDown();

    assertThat(events("r")).hasSize(10);
    replicas.expectFromOwner(ReplicaGang.Drained.class);
    ingress.expectTerminated(replica, WAIT);
  }

  private static LlmConfigBuilder config() {
    return LlmConfig.builder().modelId("fake").modelSource("fake").maxModelLen(256);
  }

  /** Gives every rank so many KV blocks. */
  private static LlmConfigBuilder pool(LlmConfigBuilder config, int numBlocks) {
    ModelConfig shape = ModelConfig.load(FakeModel.golden("llama-tiny"));
    long bytesPerBlock =
        KvMemory.bytesPerBlock(
            config.build().engineKwargs(),
            shape,
            Kernels.kvCacheType(Device.CPU, KvCacheType.AUTO));
    return config.maxModelLen(128).kvCacheMemory(numBlocks * bytesPerBlock);
  }

  @Test
  void ownerLost_replicaServesOnAndReportsToWhoeverAdoptsIt() {
    ActorRef<Replica.Command> replica = start(config()).actor();
    TestProbe<ReplicaGang.Command> next = testKit.createTestProbe();

    replica.tell(new Replica.Adopt(next.ref()));
    replica.tell(generate("r", new int[] {1, 2, 3}, 20));

    assertThat(events("r")).hasSize(20);
    next.expectMessageClass(ReplicaGang.Ready.class, WAIT);
    next.expectMessageClass(ReplicaGang.Reported.class, WAIT);
  }

  private ReplicaGang.Ready start(LlmConfigBuilder builder) {
    return replicas.start(builder.build(), model.environment());
  }

  private Replica.Generate generate(String id, int[] prompt, int maxTokens) {
    return new Replica.Generate(request(id, prompt, maxTokens), ingress.ref());
  }

  private static GenerationRequest request(String id, int[] prompt, int maxTokens) {
    return new GenerationRequest(id, prompt, SamplingParams.greedy(maxTokens).withIgnoreEos());
  }

  private List<TokenEvent> events(String id) {
    List<TokenEvent> events = new ArrayList<>();
    while (events.isEmpty() || events.get(events.size() - 1).finishReason() == null) {
      Replica.Tokens tokens = ingress.expectMessageClass(Replica.Tokens.class, WAIT);
      tokens.events().stream().filter(e -> e.requestId().equals(id)).forEach(events::add);
    }
    return events;
  }

  private Map<String, List<Integer>> tokensOf(int requests) {
    Map<String, List<Integer>> tokens = new HashMap<>();
    int ended = 0;
    while (ended < requests) {
      Replica.Tokens step = ingress.expectMessageClass(Replica.Tokens.class, WAIT);
      for (TokenEvent event : step.events()) {
        tokens.computeIfAbsent(event.requestId(), id -> new ArrayList<>()).add(event.tokenId());
        ended += event.finishReason() != null ? 1 : 0;
      }
    }
    return tokens;
  }

  /** Waits until the replica says that it has nothing to do and no block is in use. */
  private static EngineStats assertAllBlocksFree(ActorRef<Replica.Command> replica) {
    TestProbe<Replica.ToIngress> reports = testKit.createTestProbe();
    replica.tell(new Replica.Subscribe(reports.ref()));
    while (true) {
      Replica.BacklogReport report = reports.expectMessageClass(Replica.BacklogReport.class, WAIT);
      if (report.backlog().requests() == 0) {
        assertThat(report.stats().usedBlocks()).isZero();
        return report.stats();
      }
    }
  }
}
