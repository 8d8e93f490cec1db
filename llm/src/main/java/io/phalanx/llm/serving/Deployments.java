package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;

/**
 * The deployments of a cluster, for a program on any of its nodes: deploy or update, scale, show,
 * list and delete them. Stages fail with {@code TIMEOUT} if no control node answers in time.
 *
 * <pre>{@code
 * Deployments deployments = Deployments.of(phalanx.system());
 * deployments.deploy(config).thenCompose(status -> deployments.scale(config.modelId(), 2));
 * }</pre>
 */
public final class Deployments {
  private static final Duration ANSWER_TIMEOUT = Duration.ofSeconds(30);

  private final ActorSystem<?> system;

  private Deployments(ActorSystem<?> system) {
    this.system = system;
    DeploymentController.init(system, PlacementGroupManager.init(system));
  }

  /** Returns the deployments of the cluster that {@code system} is a node of. */
  public static Deployments of(ActorSystem<?> system) {
    return new Deployments(system);
  }

  /**
   * Serves a model, or updates it; its replicas load while the caller goes on. Counts, limits and
   * delays of a model that is deployed change without a restart; any other change rolls over its
   * replicas.
   *
   * @return fails with {@code INVALID_CONFIGURATION} if that is refused
   */
  public CompletionStage<DeploymentStatus> deploy(LlmConfig config) {
    return ask(
            config.modelId(),
            ANSWER_TIMEOUT,
            replyTo -> new DeploymentController.Deploy(config, replyTo))
        .thenApply(Deployments::statusOf);
  }

  /**
   * Aims at a number of replicas (under data parallelism: gangs) until autoscaling decides
   * otherwise.
   *
   * @return fails with {@code INVALID_CONFIGURATION} if it is outside of the model's bounds, and
   *     with {@code MODEL_NOT_FOUND} if there is no such model
   */
  public CompletionStage<DeploymentStatus> scale(String modelId, int replicas) {
    return ask(
            modelId, ANSWER_TIMEOUT, replyTo -> new DeploymentController.Scale(replicas, replyTo))
        .thenApply(Deployments::statusOf);
  }

  /** Returns how a model is; empty if it is not deployed. */
  public CompletionStage<Optional<DeploymentStatus>> show(String modelId) {
    return ask(modelId, ANSWER_TIMEOUT, DeploymentController.Describe::new)
        .thenApply(
            reply ->
                reply instanceof DeploymentController.Deployed deployed
                    ? Optional.of(deployed.status())
                    : Optional.empty());
  }

  /** Returns all deployments of the cluster, whoever deployed them, by model id. */
  public CompletionStage<List<DeploymentStatus>> list() {
    return new ReplicatedRecords(system).modelIds().thenCompose(this::show);
  }

  private CompletionStage<List<DeploymentStatus>> show(List<String> modelIds) {
    List<CompletableFuture<Optional<DeploymentStatus>>> shown =
        modelIds.stream().map(id -> show(id).toCompletableFuture()).toList();
    return CompletableFuture.allOf(shown.toArray(CompletableFuture[]::new))
        .thenApply(
            all -> shown.stream().map(CompletableFuture::join).flatMap(Optional::stream).toList());
  }

  /** Stops serving a model; completes once its requests are finished and all is given back. */
  public CompletionStage<Done> delete(String modelId) {
    return show(modelId)
        .thenCompose(
            status -> {
              Duration drain =
                  status
                      .map(found -> found.config().deploymentConfig().gracefulShutdownTimeout())
                      .orElse(Duration.ZERO);
              return ask(modelId, drain.plus(ANSWER_TIMEOUT), DeploymentController.Delete::new);
            })
        .thenApply(deleted -> Done.getInstance());
  }

  private static DeploymentStatus statusOf(DeploymentController.DeployReply reply) {
    if (reply instanceof DeploymentController.Deployed deployed) {
      return deployed.status();
    }
    if (reply instanceof DeploymentController.Refused refused) {
      throw new ServingException(ErrorCode.INVALID_CONFIGURATION, refused.reason());
    }
    String modelId = ((DeploymentController.NotDeployed) reply).modelId();
    throw new ServingException(
        ErrorCode.MODEL_NOT_FOUND, "No model [" + modelId + "] is deployed; deploy it first.");
  }

  private CompletionStage<DeploymentController.DeployReply> ask(
      String modelId,
      Duration timeout,
      Function<ActorRef<DeploymentController.DeployReply>, DeploymentController.Command> message) {
    return DeploymentController.of(system, modelId)
        .<DeploymentController.DeployReply>ask(message::apply, timeout)
        .exceptionally(
            failure -> {
              throw new CompletionException(unanswered(modelId, timeout, failure));
            });
  }

  private ServingException unanswered(String modelId, Duration timeout, Throwable failure) {
    if (PhalanxNode.isStopping(system)) {
      return new ServingException(
          ErrorCode.NOT_READY,
          "This node was stopped before a control node answered for model [" + modelId + "].",
          failure);
    }
    return new ServingException(
        ErrorCode.TIMEOUT,
        "No control node answered for model [%s] within %d s; is one up?"
            .formatted(modelId, timeout.toSeconds()),
        failure);
  }
}
