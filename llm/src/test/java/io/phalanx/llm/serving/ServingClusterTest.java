package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.layers.Kernels;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real models over ranks on a local cluster of two nodes with two logical GPUs each. */
@Timeout(240) // seconds; a replica that never gets ready would wait for ever
final class ServingClusterTest {
  private static Phalanx phalanx;

  @BeforeAll
  static void start() {
    phalanx = FourGpus.launch();
  }

  @AfterAll
  static void stop() {
    phalanx.close();
  }

  @AfterEach
  void deleteAndCheckThatAllIsFree() {
    phalanx.delete("m");
    assertThat(phalanx.status().groups()).isEmpty();
    assertThat(phalanx.status().nodes())
        .extracting(NodeView::freeWithGpus)
        .allMatch(free -> free.get(Resources.GPU) == 2 * Resources.UNIT);
  }

  @ParameterizedTest
  @CsvSource({
    "llama-tiny, 2, 1, 1, PACK, 1",
    "qwen3-tiny, 1, 2, 1, PACK, 1",
    "qwen2-tiny, 2, 2, 1, PACK, 2",
    "llama-untied, 4, 1, 1, SPREAD, 2",
    "mistral-tiny, 2, 1, 2, SPREAD, 1"
  })
  void generate_onEveryLayout_givesTheReferenceTokens(
      String name, int tp, int pp, int dp, PlacementStrategy strategy, int nodesOfReplica)
      throws Exception {
    GoldenModel golden = GoldenModel.load(name);
    deploy(
        golden
            .config("m")
            .tensorParallelSize(tp)
            .pipelineParallelSize(pp)
            .dataParallelSize(dp)
            .strategy(strategy));

    Generations.assertGolden(phalanx, "m", golden);

    List<ReplicaStatus> replicas = phalanx.status().deployments().get(0).replicas();
    assertThat(replicas).hasSize(dp);
    for (ReplicaStatus replica : replicas) {
      assertThat(replica.ranks()).hasSize(tp * pp);
      assertThat(replica.ranks()).extracting(RankInfo::device).containsOnly("cpu (logical L4)");
      assertThat(replica.ranks().stream().map(RankInfo::address).distinct())
          .hasSize(nodesOfReplica);
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 1, 0", "1, 2, 0", "2, 1, 40"})
  void generate_manyInterleaved_givesTheTokensThatEachGivesAlone(int tp, int pp, int blocks)
      throws Exception {
    GoldenModel golden = GoldenModel.load("llama-tiny");
    LlmConfigBuilder config = golden.config("m").tensorParallelSize(tp).pipelineParallelSize(pp);
    deploy(blocks == 0 ? config : smallPool(config, golden, blocks));
    ModelHandle model = phalanx.model("m");

    List<CompletableFuture<List<TokenEvent>>> answers = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      GoldenModel.Prompt prompt = golden.prompts().get(i % golden.prompts().size());
      int count = 64 - 3 * i;
      answers.add(
          Generations.begin(phalanx, model, Generations.greedy(prompt.tokenIds(), count))
              .toCompletableFuture());
      if (i % 2 == 0) {
        cancelAfterTwo(model, Generations.greedy(prompt.tokenIds(), 64));
      }
    }

    for (int i = 0; i < 16; i++) {
      GoldenModel.Prompt prompt = golden.prompts().get(i % golden.prompts().size());
      assertThat(Generations.tokens(answers.get(i)))
          .as("request %d", i)
          .isEqualTo(prompt.greedyTokenIds().subList(0, 64 - 3 * i));
    }
  }

  private static LlmConfigBuilder smallPool(
      LlmConfigBuilder config, GoldenModel golden, int blocks) {
    long bytesPerBlock =
        KvMemory.bytesPerBlock(
            config.build().engineKwargs(),
            io.phalanx.llm.models.ModelConfig.load(golden.directory()),
            Kernels.kvCacheType(Device.CPU, KvCacheType.AUTO));
    return config.kvCacheMemory(blocks * bytesPerBlock);
  }

  private static void cancelAfterTwo(ModelHandle model, GenerationRequest request)
      throws Exception {
    List<TokenEvent> events =
        model
            .generate(request)
            .take(2)
            .runWith(Sink.seq(), phalanx.system())
            .toCompletableFuture()
            .get(60, TimeUnit.SECONDS);
    assertThat(events).hasSize(2);
  }

  @Test
  void generate_tooLong_failsBeforeAnythingIsSent() {
    deploy(GoldenModel.load("llama-tiny").config("m"));

    assertThatThrownBy(
            () ->
                Generations.tokens(
                    Generations.begin(
                        phalanx, phalanx.model("m"), Generations.greedy(new int[600], 1))))
        .hasRootCauseInstanceOf(ServingException.class)
        .hasMessageContaining("maximum context length is 512 tokens");
  }

  @Test
  void deploy_moreThanTheClusterHas_saysWhatIsMissing() {
    LlmConfig config =
        GoldenModel.load("llama-tiny")
            .config("m")
            .tensorParallelSize(2)
            .bundles(List.of(Map.of("GPU", 3.0), Map.of("GPU", 3.0)))
            .build();
    phalanx.deploy(config);

    DeploymentStatus status = phalanx.status().deployments().get(0);
    while (status.replicas().isEmpty() || status.replicas().get(0).message().isEmpty()) {
      status = phalanx.status().deployments().get(0);
    }
    assertThat(status.replicas().get(0).state()).isEqualTo(ReplicaState.PENDING);
    assertThat(status.replicas().get(0).message()).contains("GPU");
    assertThat(status.isReady()).isFalse();
  }

  @Test
  void deploy_replicasThatCannotStart_isGivenUpWithTheReasonAndHoldsNothing() {
    GoldenModel golden = GoldenModel.load("llama-tiny");
    phalanx.deploy(golden.config("m").tensorParallelSize(2).kvCacheMemory(1).build());

    assertThatThrownBy(phalanx::awaitReady)
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("Model [m] cannot be served: node 127.0.0.1:")
        .hasMessageContaining("kv-cache-memory");

    DeploymentStatus status = phalanx.status().deployments().get(0);
    assertThat(status.state()).isEqualTo(DeploymentState.DEPLOY_FAILED);
  }

  @Test
  void delete_runningModel_isNotFoundAtOnceAndCanBeDeployedAgain() throws Exception {
    GoldenModel golden = GoldenModel.load("llama-tiny");
    deploy(golden.config("m"));
    ModelHandle old = phalanx.model("m");

    phalanx.delete("m");

    assertThatThrownBy(() -> phalanx.model("m"))
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND));
    assertThatThrownBy(old::card).hasMessageContaining("deployed no longer");
    deploy(golden.config("m").tensorParallelSize(2));
    Generations.assertGolden(phalanx, "m", golden);
  }

  @Test
  void backlog_saturatesAReplica_aSecondComesAndGoesAndNoRequestIsLost() {
    GoldenModel golden = GoldenModel.load("llama-tiny");
    deploy(
        golden
            .config("m")
            .tensorParallelSize(2)
            .minReplicas(1)
            .maxReplicas(2)
            .maxNumSeqs(4)
            .upscaleDelay(Duration.ofMillis(500))
            .downscaleDelay(Duration.ofSeconds(1)));
    int[] prompt = golden.prompts().get(0).tokenIds();

    Pair<UniqueKillSwitch, CompletionStage<Done>> heavy = load(prompt, 12);
    awaitReady(2);
    Pair<UniqueKillSwitch, CompletionStage<Done>> light = load(prompt, 1);
    heavy.first().shutdown();
    DeploymentStatus status = awaitReady(1);
    light.first().shutdown();

    assertThat(heavy.second().toCompletableFuture()).succeedsWithin(Duration.ofSeconds(60));
    assertThat(light.second().toCompletableFuture()).succeedsWithin(Duration.ofSeconds(60));
    assertThat(status.decisions().stream().filter(ScalingDecision::isChange))
        .extracting(ScalingDecision::applied, ScalingDecision::reason)
        .containsExactly(
            tuple(2, ScalingReason.BACKLOG_ABOVE_TARGET),
            tuple(1, ScalingReason.BACKLOG_BELOW_TARGET));
  }

  /** So many streams, each of which asks again as soon as it has its answer. */
  private static Pair<UniqueKillSwitch, CompletionStage<Done>> load(int[] prompt, int streams) {
    ModelHandle model = phalanx.model("m");
    return Source.repeat(prompt)
        .viaMat(KillSwitches.single(), Keep.right())
        .mapAsyncUnordered(
            streams, ids -> Generations.begin(phalanx, model, Generations.greedy(ids, 32)))
        .toMat(Sink.ignore(), Keep.both())
        .run(phalanx.system());
  }

  @Test
  void model_unknown_isNotFound() {
    assertThatThrownBy(() -> phalanx.model("nobody"))
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MODEL_NOT_FOUND));
  }

  private static DeploymentStatus awaitReady(int replicas) {
    TestProbe<DeploymentController.DeployReply> probe = TestProbe.create(phalanx.system());
    DeploymentController.of(phalanx.system(), "m")
        .tell(new DeploymentController.Watch(probe.ref()));
    while (true) {
      DeploymentStatus status =
          probe
              .expectMessageClass(DeploymentController.Deployed.class, Duration.ofSeconds(60))
              .status();
      boolean settled = status.replicas().size() == replicas;
      if (settled && status.replicas().stream().allMatch(r -> r.state() == ReplicaState.READY)) {
        return status;
      }
    }
  }

  private static void deploy(LlmConfigBuilder config) {
    phalanx.deploy(config.build());
    phalanx.awaitReady();
  }
}
