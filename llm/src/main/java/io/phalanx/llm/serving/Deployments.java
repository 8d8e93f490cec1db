package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

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
   * Serves a model; its replicas load while the caller goes on.
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

  /** Returns all deployments, by model id. */
  public CompletionStage<List<DeploymentStatus>> list() {
    return AskPattern.<Receptionist.Command, Receptionist.Listing>ask(
            system.receptionist(),
            replyTo -> Receptionist.find(DeploymentController.SERVICE_KEY, replyTo),
            ANSWER_TIMEOUT,
            system.scheduler())
        .thenCompose(
            listing -> describe(listing.getServiceInstances(DeploymentController.SERVICE_KEY)));
  }

  private CompletionStage<List<DeploymentStatus>> describe(
      Iterable<ActorRef<DeploymentController.Command>> controllers) {
    List<CompletableFuture<DeploymentController.DeployReply>> replies = new ArrayList<>();
    for (ActorRef<DeploymentController.Command> controller : controllers) {
      replies.add(
          AskPattern.<DeploymentController.Command, DeploymentController.DeployReply>ask(
                  controller,
                  DeploymentController.Describe::new,
                  ANSWER_TIMEOUT,
                  system.scheduler())
              .exceptionally(failure -> new DeploymentController.NotDeployed(""))
              .toCompletableFuture());
    }
    return CompletableFuture.allOf(replies.toArray(CompletableFuture[]::new))
        .thenApply(
            all ->
                replies.stream()
                    .map(CompletableFuture::join)
                    .filter(DeploymentController.Deployed.class::isInstance)
                    .map(Deployments::statusOf)
                    .sorted((a, b) -> a.config().modelId().compareTo(b.config().modelId()))
                    .toList());
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
              throw new CompletionException(
                  new ServingException(
                      ErrorCode.TIMEOUT,
                      "No control node answered for model [%s] within %d s; is one up?"
                          .formatted(modelId, timeout.toSeconds()),
                      failure));
            });
  }
}
