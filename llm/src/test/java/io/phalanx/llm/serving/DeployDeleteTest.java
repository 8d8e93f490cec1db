package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.LocalCluster;
import java.lang.management.ManagementFactory;
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
  private static final int COLLECTIONS = 3;
  private static final int WARM_UP_ROUNDS = 5;
  private static final int ROUNDS = 50;

  /**
   * What the live heap may grow by, 40 KiB for each deployment: Pekko's receptionist remembers for
   * a day who has left, its bounded caches of names fill, and a version's files stay for a while.
   */
  private static final long HEAP_SLACK_BYTES = 8L << 20;

  /** Shards stay once they have been started, and so do the threads of pools. */
  private static final int MOST_SHARDS = 32;

  private static LocalCluster cluster;

  @BeforeAll
  static void start() {
    cluster =
        LocalCluster.start(
            FourGpus.config(),
            List.of(context -> ServingComponents.components(new FakeModel().environment())));
  }

  @AfterAll
  static void stop() {
    cluster.close();
  }

  @Test
  void deployAndDelete_twoHundredTimes_leavesThreadsMemoryActorsAndGroupsWhereTheyWere() {
    IntStream.range(0, WARM_UP_ROUNDS).forEach(DeployDeleteTest::round);
    int threads = threads();
    long actors = actors();
    long heapBytes = liveHeapBytes();

    IntStream.range(WARM_UP_ROUNDS, WARM_UP_ROUNDS + ROUNDS).forEach(DeployDeleteTest::round);

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
    assertThat(liveHeapBytes()).isLessThan(heapBytes + HEAP_SLACK_BYTES);
  }

  /** Returns what is reachable, of some collections the least. */
  private static long liveHeapBytes() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
      least = Math.min(least, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return least;
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
