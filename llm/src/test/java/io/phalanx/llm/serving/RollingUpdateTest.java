package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.llm.LlmConfigBuilder;
import io.phalanx.llm.Phalanx;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Updates of a real model on four logical GPUs while requests run. */
@Timeout(240) // seconds; an update that never ends would be waited for
final class RollingUpdateTest {
  private static final int TOKENS = 24;

  private static Phalanx phalanx;

  private final GoldenModel golden = GoldenModel.load("llama-tiny");
  private final Queue<List<Integer>> answers = new ConcurrentLinkedQueue<>();

  @BeforeAll
  static void start() {
    phalanx = FourGpus.launch();
  }

  @AfterAll
  static void stop() {
    phalanx.close();
  }

  @AfterEach
  void delete() {
    phalanx.delete("m");
    assertThat(phalanx.status().groups()).isEmpty();
  }

  /** With one or two replicas there is room for one more; with four there is none. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void update_underLoad_replacesEveryReplicaAndFailsNoRequest(int replicas) throws Exception {
    deploy(config(replicas));
    List<String> before = names();
    Pair<UniqueKillSwitch, CompletionStage<Done>> load = load();

    phalanx.update(config(replicas).maxNumSeqs(24).build());

    end(load);
    assertThat(names()).hasSize(replicas).doesNotContainAnyElementsOf(before);
    assertThat(status().version()).isEqualTo(2);
    assertThat(status().replicas()).extracting(ReplicaStatus::version).containsOnly(2);
  }

  @Test
  void update_thatCannotStart_isUndoneWhileTheOldReplicaAnswers() throws Exception {
    deploy(config(1));
    List<String> before = names();
    Pair<UniqueKillSwitch, CompletionStage<Done>> load = load();

    assertThatThrownBy(() -> phalanx.update(config(1).kvCacheMemory(1).build()))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("Model [m] cannot be updated: node 127.0.0.1:")
        .hasMessageContaining("kv-cache-memory");

    end(load);
    assertThat(status().config()).isEqualTo(config(1).build());
    assertThat(status().message()).contains("the last update was undone");
    assertThat(names()).containsAll(before);
  }

  @Test
  void update_ofLimits_keepsTheReplicas() {
    deploy(config(1));
    List<String> before = names();

    phalanx.update(config(1).maxReplicas(2).maxOngoingRequests(3).build());
    phalanx.scale("m", 2);

    assertThat(status().version()).isEqualTo(1);
    assertThat(status().targetReplicas()).isEqualTo(2);
    assertThat(names()).containsAll(before);
  }

  private LlmConfigBuilder config(int replicas) {
    return golden.config("m").minReplicas(replicas).maxReplicas(replicas);
  }

  private static void deploy(LlmConfigBuilder config) {
    phalanx.update(config.build());
    phalanx.awaitReady();
  }

  private static DeploymentStatus status() {
    return phalanx.status().deployments().get(0);
  }

  private static List<String> names() {
    return status().replicas().stream().map(ReplicaStatus::name).toList();
  }

  /** Keeps eight requests running and fails with the first that fails. */
  private Pair<UniqueKillSwitch, CompletionStage<Done>> load() {
    int[] prompt = golden.prompts().get(0).tokenIds();
    return Source.repeat(prompt)
        .viaMat(KillSwitches.single(), Keep.right())
        .mapAsyncUnordered(
            8,
            ids ->
                phalanx
                    .model("m")
                    .generate(Generations.greedy(ids, TOKENS))
                    .map(TokenEvent::tokenId)
                    .runWith(Sink.seq(), phalanx.system()))
        .toMat(Sink.foreach(answers::add), Keep.both())
        .run(phalanx.system());
  }

  private void end(Pair<UniqueKillSwitch, CompletionStage<Done>> load) throws Exception {
    load.first().shutdown();
    load.second().toCompletableFuture().get(60, TimeUnit.SECONDS);
    List<Integer> expected = golden.prompts().get(0).greedyTokenIds().subList(0, TOKENS);
    assertThat(answers).isNotEmpty().allMatch(expected::equals);
  }
}
