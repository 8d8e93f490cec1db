package io.phalanx.llm;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.serving.DeploymentController;
import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.llm.serving.ModelCatalog;
import io.phalanx.llm.serving.ReadinessWatch;
import io.phalanx.llm.serving.ReplicaState;
import io.phalanx.llm.serving.ReplicaStatus;
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
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityRef;

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
  private static final Duration DEPLOY_TIMEOUT = Duration.ofSeconds(30);

  private final LocalCluster cluster;
  private final Map<String, LlmConfig> deployed = new ConcurrentSkipListMap<>();
  private final Consumer<String> progress;

  private Phalanx(LocalCluster cluster, Consumer<String> progress) {
    this.cluster = cluster;
    this.progress = progress;
    CoordinatedShutdown.get(system())
        .addTask(CoordinatedShutdown.PhaseServiceRequestsDone(), "drain-replicas", this::deleteAll);
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
      DeploymentController.init(phalanx.system(), PlacementGroupManager.init(phalanx.system()));
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

  /** Starts, waits until each model can answer, and returns when the cluster has stopped. */
  public static void serve(List<LlmConfig> configs) {
    try (Phalanx phalanx = start(configs)) {
      phalanx.awaitStop();
    }
  }

  /**
   * Serves one more model; it loads while the caller goes on. Repeating the same changes nothing.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} if its id is deployed otherwise
   */
  public void deploy(LlmConfig config) {
    DeploymentController.DeployReply reply =
        ask(
            controller(config.modelId())
                .ask(replyTo -> new DeploymentController.Deploy(config, replyTo), DEPLOY_TIMEOUT));
    if (reply instanceof DeploymentController.Refused refused) {
      throw new ServingException(ErrorCode.INVALID_CONFIGURATION, refused.reason());
    }
    deployed.put(config.modelId(), config);
  }

  /** Stops serving a model once its requests are finished, and waits for that. */
  public void delete(String modelId) {
    ask(beginDelete(modelId));
  }

  private CompletionStage<DeploymentController.DeployReply> beginDelete(String modelId) {
    LlmConfig config = deployed.remove(modelId);
    Duration drain =
        config == null ? Duration.ZERO : config.deploymentConfig().gracefulShutdownTimeout();
    return controller(modelId).ask(DeploymentController.Delete::new, drain.plus(DEPLOY_TIMEOUT));
  }

  private CompletionStage<Done> deleteAll() {
    List<CompletableFuture<?>> deletes = new ArrayList<>();
    deployed.keySet().forEach(id -> deletes.add(beginDelete(id).toCompletableFuture()));
    return CompletableFuture.allOf(deletes.toArray(CompletableFuture[]::new))
        .handle((done, failure) -> Done.getInstance());
  }

  private EntityRef<DeploymentController.Command> controller(String modelId) {
    return DeploymentController.of(system(), modelId);
  }

  /**
   * Waits until every model has a replica that has generated a real token.
   *
   * @throws ServingException if a model is given up, because its replicas cannot be started; the
   *     text says which and why
   */
  public void awaitReady() {
    Map<String, String> told = new HashMap<>();
    CompletableFuture<Done> ready =
        ReadinessWatch.begin(system(), deployed.keySet(), status -> tell(status, told))
            .toCompletableFuture();
    try {
      ready.get();
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

  /** Returns the nodes, what is reserved on them, and which rank runs where. */
  public PhalanxStatus status() {
    PlacementGroupManager.Groups groups =
        ask(
            AskPattern.ask(
                PlacementGroupManager.init(system()),
                PlacementGroupManager.Describe::new,
                ASK_TIMEOUT,
                system().scheduler()));
    return new PhalanxStatus(groups.nodes(), groups.groups(), deployments());
  }

  private List<DeploymentStatus> deployments() {
    List<CompletableFuture<DeploymentController.DeployReply>> replies = new ArrayList<>();
    for (String modelId : deployed.keySet()) {
      CompletionStage<DeploymentController.DeployReply> reply =
          controller(modelId).ask(DeploymentController.Describe::new, ASK_TIMEOUT);
      replies.add(reply.toCompletableFuture());
    }
    return replies.stream()
        .map(Phalanx::ask)
        .filter(DeploymentController.Deployed.class::isInstance)
        .map(reply -> ((DeploymentController.Deployed) reply).status())
        .toList();
  }

  private static <T> T ask(CompletionStage<T> reply) {
    try {
      return reply.toCompletableFuture().join();
    } catch (CompletionException e) {
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
