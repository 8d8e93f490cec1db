package io.phalanx.llm;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.llm.serving.Deployments;
import io.phalanx.llm.serving.ModelCatalog;
import io.phalanx.llm.serving.ReadinessWatch;
import io.phalanx.llm.serving.ReplicaState;
import io.phalanx.llm.serving.ReplicaStatus;
import io.phalanx.llm.serving.RolloutWatch;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.runtime.LocalCluster;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.AskPattern;

/**
 * A running Phalanx: a local cluster of logical nodes in this JVM and the models that it serves.
 *
 * <pre>{@code
 * LlmConfig config =
 *     LlmConfig.builder().modelId("assistant").modelSource("embedded").tensorParallelSize(2).build();
 * try (Phalanx phalanx = Phalanx.start(List.of(config))) {
 *   ModelHandle model = phalanx.model("assistant");
 *   int[] prompt = model.chatTemplate().encode(List.of(new ChatMessage("user", "Hi")), Map.of());
 *   model
 *       .generate(new GenerationRequest("1", prompt, SamplingParams.greedy(64)))
 *       .runForeach(event -> System.out.print(event.text()), phalanx.system())
 *       .toCompletableFuture()
 *       .join();
 * }
 * }</pre>
 *
 * <p>What every node runs is found by {@link io.phalanx.runtime.NodeComponentProvider}, so that
 * with the HTTP module on the class path the same calls also answer HTTP.
 */
public final class Phalanx implements AutoCloseable {
  private static final Duration ASK_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration NODES_TIMEOUT = Duration.ofSeconds(10);

  private final LocalCluster cluster;
  private final Set<String> deployed = new ConcurrentSkipListSet<>();
  private final Deployments deployments;
  private final Consumer<String> progress;

  private Phalanx(LocalCluster cluster, Consumer<String> progress) {
    this.cluster = cluster;
    this.progress = progress;
    this.deployments = Deployments.of(cluster.first().system());
    // Requests over HTTP end a phase earlier: one that is still being read needs its model.
    CoordinatedShutdown.get(system())
        .addTask(CoordinatedShutdown.PhaseServiceStop(), "drain-replicas", this::deleteAll);
  }

  /**
   * Starts a local cluster, deploys the models and waits until each can answer.
   *
   * @throws ServingException if a configuration or a model cannot be served; nothing runs then
   */
  public static Phalanx start(List<LlmConfig> configs) {
    return start(ConfigFactory.load(), configs, line -> {});
  }

  /** Does the same for all that a configuration says, {@code phalanx.llm-configs} included. */
  public static Phalanx start(Config config) {
    return start(config, LlmConfigs.parse(config), line -> {});
  }

  /**
   * Starts a local cluster, deploys the models and waits until each can answer.
   *
   * @param config the whole configuration, resolved
   * @param configs the models
   * @param progress hears in words what is going on, line by line
   */
  public static Phalanx start(Config config, List<LlmConfig> configs, Consumer<String> progress) {
    Phalanx phalanx = launch(config, configs, progress);
    try {
      phalanx.awaitReady();
      return phalanx;
    } catch (RuntimeException e) {
      phalanx.close();
      throw e;
    }
  }

  /** Starts a local cluster and deploys the models; they load while the caller goes on. */
  public static Phalanx launch(Config config, List<LlmConfig> configs, Consumer<String> progress) {
    DeploymentPreflight.check(configs, HubSettings.of(config)).forEach(progress);
    LocalCluster cluster = LocalCluster.start(config);
    Phalanx phalanx = new Phalanx(cluster, progress);
    try {
      phalanx.awaitNodes();
      configs.forEach(phalanx::deploy);
      return phalanx;
    } catch (RuntimeException e) {
      phalanx.close();
      throw e;
    }
  }

  /** Else the first plans would see some of the nodes only, and say that there is no room. */
  private void awaitNodes() {
    Set<String> addresses =
        nodes().stream().map(node -> node.address().toString()).collect(Collectors.toSet());
    ask(PlacementGroups.of(system()).awaitNodes(addresses, NODES_TIMEOUT));
  }

  /**
   * Starts, waits until each model can answer, and returns when the cluster has stopped: a whole
   * server in one line.
   *
   * <pre>{@code
   * public static void main(String[] args) {
   *   Phalanx.serve(List.of(LlmConfig.builder().modelId("assistant").modelSource("embedded").build()));
   * }
   * }</pre>
   */
  public static void serve(List<LlmConfig> configs) {
    try (Phalanx phalanx = start(configs)) {
      phalanx.awaitStop();
    }
  }

  /**
   * Serves a model, or updates it, and returns at once. Of a model that is deployed already,
   * counts, limits and delays change without a restart; any other change rolls over its replicas,
   * one by one, while the others serve. Repeating the same changes nothing.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} if it is being deleted
   */
  public void deploy(LlmConfig config) {
    ask(deployments.deploy(config));
    deployed.add(config.modelId());
  }

  /**
   * Updates a model, or serves it, and waits until every replica is of this configuration.
   *
   * <pre>{@code
   * phalanx.update(LlmConfig.builder().modelId("assistant").modelSource("embedded")
   *     .maxNumSeqs(128).build());
   * }</pre>
   *
   * @throws ServingException if the update fails and is undone; the text says why
   */
  public void update(LlmConfig config) {
    deploy(config);
    await(RolloutWatch.begin(system(), config));
  }

  /**
   * Aims at a number of replicas (under data parallelism: gangs) until autoscaling decides
   * otherwise, and returns at once.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} if it is not from min-replicas to
   *     max-replicas, {@code MODEL_NOT_FOUND} if there is no such model
   */
  public void scale(String modelId, int replicas) {
    ask(deployments.scale(modelId, replicas));
  }

  /** Stops serving a model once its requests are finished, and waits for that. */
  public void delete(String modelId) {
    ask(deployments.delete(modelId));
    deployed.remove(modelId);
  }

  private CompletionStage<Done> deleteAll() {
    List<CompletableFuture<?>> deletes = new ArrayList<>();
    deployed.forEach(id -> deletes.add(deployments.delete(id).toCompletableFuture()));
    return CompletableFuture.allOf(deletes.toArray(CompletableFuture[]::new))
        .handle((done, failure) -> Done.getInstance());
  }

  /**
   * Waits until every model has a replica that has generated a real token.
   *
   * @throws ServingException if a model is given up, because its replicas cannot be started, or if
   *     the cluster is stopped meanwhile; the text says which and why
   */
  public void awaitReady() {
    Map<String, String> told = new HashMap<>();
    await(ReadinessWatch.begin(system(), deployed, status -> tell(status, told)));
  }

  private static void await(CompletionStage<Done> ready) {
    try {
      ready.toCompletableFuture().get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new ServingException(ErrorCode.NOT_READY, "Interrupted while models load.", e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof ServingException failure
          ? failure
          : new ServingException(ErrorCode.INTERNAL, "Waiting for the models failed.", e);
    }
  }

  private void tell(DeploymentStatus deployment, Map<String, String> told) {
    for (ReplicaStatus replica : deployment.replicas()) {
      String line = replica.state() + (replica.message().isEmpty() ? "" : ": " + replica.message());
      boolean news = !line.equals(told.put(replica.name(), line));
      if (news && !line.equals(ReplicaState.PENDING.name())) {
        progress.accept(replica.name() + " " + line);
      }
    }
  }

  /** Waits until the first node has stopped, whoever stops it. */
  public void awaitStop() {
    CountDownLatch stopped = new CountDownLatch(1);
    cluster.first().whenTerminated().whenComplete((done, failure) -> stopped.countDown());
    try {
      stopped.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Returns a deployed model.
   *
   * @throws ServingException {@code MODEL_NOT_FOUND} if no model has this id
   */
  public ModelHandle model(String modelId) {
    return ModelCatalog.get(system())
        .find(modelId)
        .orElseThrow(
            () ->
                new ServingException(
                    ErrorCode.MODEL_NOT_FOUND, "No model [" + modelId + "] is deployed."));
  }

  /** Returns the actor system of the first node, which has every role. */
  public ActorSystem<?> system() {
    return cluster.first().system();
  }

  /** Returns the nodes of the local cluster, the one with every role first. */
  public List<PhalanxNode> nodes() {
    return cluster.nodes();
  }

  /**
   * Returns the nodes, what is reserved on them, and all deployments of the cluster, whoever
   * deployed them.
   */
  public PhalanxStatus status() {
    PlacementGroupManager.Groups groups =
        ask(
            AskPattern.ask(
                PlacementGroupManager.init(system()),
                PlacementGroupManager.Describe::new,
                ASK_TIMEOUT,
                system().scheduler()));
    return new PhalanxStatus(groups.nodes(), groups.groups(), ask(deployments.list()));
  }

  private static <T> T ask(CompletionStage<T> reply) {
    try {
      return reply.toCompletableFuture().join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof ServingException failure) {
        throw failure;
      }
      throw new ServingException(
          ErrorCode.TIMEOUT, "The cluster does not answer: " + e.getMessage(), e);
    }
  }

  /** Lets the replicas finish their requests, then stops every node. */
  @Override
  public void close() {
    cluster.close();
  }
}
