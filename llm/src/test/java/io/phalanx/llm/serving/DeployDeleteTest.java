package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.LocalCluster;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.pekko.actor.ActorSystemImpl;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Deployments that come and go leave nothing behind. */
@Timeout(300) // seconds; a deployment that never ends would be waited for
final class DeployDeleteTest {
  private static final int AT_ONCE = 4;
  private static final int ROUNDS = 50;

  /** Shards stay once they have been started, and so do the threads of pools. */
  private static final int MOST_SHARDS = 32;

  private static LocalCluster cluster;

  @BeforeAll
  static void start() {
    Config config =
        ConfigFactory.parseString(
                "phalanx.local-cluster { nodes = 2, gpus-per-node = 2, accelerator-type = L4 }")
            .withFallback(ConfigFactory.load());
    cluster =
        LocalCluster.start(
            config,
            List.of(context -> ServingComponents.components(new FakeModel().environment())));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void deployAndDelete_twoHundredTimes_leavesThreadsActorsGroupsAndModelsWhereTheyWere() {
    round(0);
    int threads = threads();
    long actors = actors();

    for (int round = 1; round <= ROUNDS; round++) {
      round(round);
    }

    assertThat(ModelCatalog.get(system()).all()).isEmpty();
    assertThat(join(Deployments.of(system()).list())).isEmpty();
    assertThat(join(PlacementGroups.of(system()).list())).isEmpty();
    assertThat(join(PlacementGroups.of(system()).nodes()))
        .extracting(NodeView::freeWithGpus)
        .allMatch(free -> free.get(Resources.GPU) == 2 * Resources.UNIT);
    awaitAtMost(actors + MOST_SHARDS);
    assertThat(threads())
        .isLessThanOrEqualTo(
            threads + 2 * Runtime.getRuntime().availableProcessors() + MOST_SHARDS);
    assertThat(Thread.getAllStackTraces().keySet())
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith("rank-"));
  }

  private static void round(int round) {
    Deployments deployments = Deployments.of(system());
    List<String> ids = IntStream.range(0, AT_ONCE).mapToObj(i -> "m-" + round + "-" + i).toList();
    join(
        CompletableFuture.allOf(
            ids.stream()
                .map(id -> LlmConfig.builder().modelId(id).modelSource("fake").build())
                .map(config -> deployments.deploy(config).toCompletableFuture())
                .toArray(CompletableFuture[]::new)));
    join(ReadinessWatch.begin(system(), Set.copyOf(ids), status -> {}).toCompletableFuture());
    join(
        CompletableFuture.allOf(
            ids.stream()
                .map(id -> deployments.delete(id).toCompletableFuture())
                .toArray(CompletableFuture[]::new)));
  }

  private static ActorSystem<?> system() {
    return cluster.first().system();
  }

  private static int threads() {
    return Thread.getAllStackTraces().size();
  }

  /** Returns how many actors run on both nodes. */
  private static long actors() {
    return cluster.nodes().stream()
        .mapToLong(
            node ->
                ((ActorSystemImpl) Adapter.toClassic(node.system())).printTree().lines().count())
        .sum();
  }

  /** Entities of deployments that have ended stop a moment later. */
  private static void awaitAtMost(long actors) {
    while (actors() > actors) {
      Thread.onSpinWait();
    }
  }

  private static <T> T join(java.util.concurrent.CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
