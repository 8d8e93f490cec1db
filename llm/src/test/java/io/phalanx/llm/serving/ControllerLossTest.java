package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.RuntimeSettings;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A cluster of three JVMs whose control node, with the deployment's controller and the placement
 * group manager, is killed while replicas of this JVM answer.
 */
@Timeout(240) // seconds; a controller that never comes back would be waited for
final class ControllerLossTest {
  private static final Map<String, String> SETTINGS =
      Map.of(
          "phalanx.pekko.cluster.failure-detector.acceptable-heartbeat-pause", "5s",
          "phalanx.pekko.cluster.split-brain-resolver.stable-after", "3s",
          "phalanx.placement.recovery-timeout", "3s");

  private final GoldenModel golden = GoldenModel.load("llama-tiny");
  private final Queue<List<Integer>> answers = new ConcurrentLinkedQueue<>();

  @Test
  void controlNodeKilled_replicasServeOnAreAdoptedAndCanBeDeleted() throws Exception {
    Config config =
        ConfigFactory.parseMap(SETTINGS)
            .withFallback(
                ConfigFactory.parseString(
                    "phalanx.node { roles = [worker, ingress], gpus = 2, cpus = 16"
                        + ", accelerator-type = L4 }"))
            .withFallback(ConfigFactory.load());
    try (PhalanxNode node =
            PhalanxNode.start(config, RuntimeSettings.of(config).node(), Optional.empty());
        NodeProcess first =
            NodeProcess.startControl("127.0.0.2", node.address().toString(), SETTINGS)) {
      Deployments deployments = Deployments.of(node.system());
      join(deployments.deploy(golden.config("m").minReplicas(1).maxReplicas(2).build()));
      join(deployments.scale("m", 2));
      List<String> names = names(awaitReady(deployments, 2));
      try (NodeProcess second =
          NodeProcess.startControl("127.0.0.3", node.address().toString(), SETTINGS)) {
        CompletableFuture<Done> load = new CompletableFuture<>();
        UniqueKillSwitch stop = begin(node, load);

        first.kill();
        DeploymentStatus after = awaitReady(deployments, 2);

        stop.shutdown();
        load.get(60, TimeUnit.SECONDS);
        assertThat(names(after)).isEqualTo(names);
        assertThat(after.targetReplicas()).isEqualTo(2);
        assertThat(answers).isNotEmpty().allMatch(expected()::equals);
        assertThat(second.address()).isNotEmpty();
        join(deployments.delete("m"));
        assertThat(join(PlacementGroups.of(node.system()).list())).isEmpty();
        assertThat(ModelCatalog.get(node.system()).find("m")).isEmpty();
      }
    }
  }

  private List<Integer> expected() {
    return golden.prompts().get(0).greedyTokenIds().subList(0, 32);
  }

  /** Keeps two requests running; fails with the first that fails. */
  private UniqueKillSwitch begin(PhalanxNode node, CompletableFuture<Done> result) {
    int[] prompt = golden.prompts().get(0).tokenIds();
    return Source.repeat(prompt)
        .viaMat(KillSwitches.single(), Keep.right())
        .mapAsyncUnordered(
            2,
            ids ->
                ModelCatalog.get(node.system())
                    .find("m")
                    .orElseThrow()
                    .generate(Generations.greedy(ids, 32))
                    .map(TokenEvent::tokenId)
                    .runWith(Sink.seq(), node.system()))
        .toMat(
            Sink.foreach(answers::add),
            (killSwitch, done) -> {
              done.whenComplete(
                  (ended, failure) -> {
                    if (failure == null) {
                      result.complete(ended);
                    } else {
                      result.completeExceptionally(failure);
                    }
                  });
              return killSwitch;
            })
        .run(node.system());
  }

  private static List<String> names(DeploymentStatus status) {
    return status.replicas().stream().map(ReplicaStatus::name).toList();
  }

  /** Asks again and again, also while no controller is there. */
  private static DeploymentStatus awaitReady(Deployments deployments, int replicas) {
    while (true) {
      Optional<DeploymentStatus> status = show(deployments);
      if (status.isPresent() && status.get().state() == DeploymentState.HEALTHY) {
        assertThat(status.get().replicas()).hasSize(replicas);
        return status.get();
      }
    }
  }

  private static Optional<DeploymentStatus> show(Deployments deployments) {
    try {
      return join(deployments.show("m"));
    } catch (CompletionException e) {
      return Optional.empty();
    }
  }

  private static <T> T join(java.util.concurrent.CompletionStage<T> stage) {
    return stage.toCompletableFuture().join();
  }
}
