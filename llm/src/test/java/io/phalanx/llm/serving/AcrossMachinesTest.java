package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.pekko.stream.javadsl.Sink;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Models over three JVMs: this one answers, two further ones on other loopback addresses have two
 * logical GPUs each.
 */
@Timeout(240) // seconds; a replica that never gets ready would wait for ever
final class AcrossMachinesTest {
  private static Phalanx phalanx;
  private static NodeProcess second;
  private static NodeProcess third;

  @BeforeAll
  static void start() throws IOException {
    phalanx =
        Phalanx.launch(
            ConfigFactory.parseString(
                    "phalanx.local-cluster { nodes = 1, gpus-per-node = 0, accelerator-type = L4 }")
                .withFallback(ConfigFactory.load()),
            List.of(),
            line -> {});
    String join = phalanx.nodes().get(0).address().toString();
    second = NodeProcess.start("127.0.0.2", 2, join);
    third = NodeProcess.start("127.0.0.3", 2, join);
  }

  @AfterAll
  static void stop() throws IOException {
    phalanx.close();
    second.close();
    third.close();
  }

  @ParameterizedTest
  @CsvSource({
    "llama-tiny, 2, 1, SPREAD",
    "qwen3-tiny, 1, 2, SPREAD",
    "llama-untied, 2, 2, PACK",
  })
  void generate_ranksOnTwoMachines_givesTheReferenceTokens(
      String name, int tp, int pp, PlacementStrategy strategy) throws Exception {
    GoldenModel golden = GoldenModel.load(name);
    deploy(golden.config("m").tensorParallelSize(tp).pipelineParallelSize(pp).strategy(strategy));

    Generations.assertGolden(phalanx, "m", golden);

    List<RankInfo> ranks = phalanx.status().deployments().get(0).replicas().get(0).ranks();
    assertThat(ranks.stream().map(RankInfo::address).distinct())
        .containsExactlyInAnyOrder(second.address(), third.address());
    phalanx.delete("m");
  }

  @Test
  void generate_fourBundlesPacked_spillOverTwoMachines() throws Exception {
    GoldenModel golden = GoldenModel.load("qwen2-tiny");
    Map<String, Double> gpu = Map.of("GPU", 1.0);
    deploy(golden.config("m").tensorParallelSize(4).bundles(List.of(gpu, gpu, gpu, gpu)));

    Generations.assertGolden(phalanx, "m", golden);

    List<RankInfo> ranks = phalanx.status().deployments().get(0).replicas().get(0).ranks();
    assertThat(ranks.get(0).address()).isEqualTo(ranks.get(1).address());
    assertThat(ranks.get(2).address()).isEqualTo(ranks.get(3).address());
    assertThat(ranks.get(0).address()).isNotEqualTo(ranks.get(2).address());
    phalanx.delete("m");
  }

  @Test
  void generate_promptOf131072Tokens_crossesBetweenTwoMachines() throws Exception {
    GoldenModel golden = new GoldenModel(FakeModel.golden("llama-long"), List.of());
    LlmConfigBuilder config =
        LlmConfig.builder()
            .modelId("m")
            .modelSource(golden.directory().toString())
            .maxNumSeqs(1)
            .maxNumBatchedTokens(1024)
            .maxModelLen(131_073);
    deploy(config);
    int[] prompt = IntStream.range(0, 131_072).map(i -> i * 31 % 370).toArray();

    List<Integer> tokens =
        Generations.tokens(
            Generations.begin(phalanx, phalanx.model("m"), Generations.greedy(prompt, 1)));

    assertThat(tokens).hasSize(1);
    phalanx.delete("m");
  }

  @Test
  void machineDies_duringRequests_endsThemWithAnError() throws Exception {
    String join = phalanx.nodes().get(0).address().toString();
    NodeProcess dying = NodeProcess.start("127.0.0.4", 3, join);
    GoldenModel golden = GoldenModel.load("llama-tiny");
    Map<String, Double> three = Map.of("GPU", 3.0);
    deploy(golden.config("m").maxModelLen(2048).bundles(List.of(three)));
    ModelHandle model = phalanx.model("m");
    CountDownLatch streaming = new CountDownLatch(4);
    List<CompletableFuture<List<TokenEvent>>> answers =
        IntStream.range(0, 4)
            .mapToObj(
                i ->
                    model
                        .generate(Generations.greedy(golden.prompts().get(i).tokenIds(), 1900))
                        .map(
                            event -> {
                              if (event.position() == 0) {
                                streaming.countDown();
                              }
                              return event;
                            })
                        .runWith(Sink.seq(), phalanx.system())
                        .toCompletableFuture())
            .toList();
    assertThat(streaming.await(60, TimeUnit.SECONDS)).isTrue();

    dying.kill();

    for (CompletableFuture<List<TokenEvent>> answer : answers) {
      assertThatThrownBy(() -> answer.get(120, TimeUnit.SECONDS))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOfSatisfying(
              ServingException.class,
              e ->
                  assertThat(Arrays.asList(ErrorCode.REPLICA_FAILED, ErrorCode.NOT_READY))
                      .contains(e.code()));
    }
    phalanx.delete("m");
  }

  private static void deploy(LlmConfigBuilder config) {
    phalanx.deploy(config.build());
    phalanx.awaitReady();
  }
}
