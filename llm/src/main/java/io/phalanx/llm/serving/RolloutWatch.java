package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/** One wait for an update: until every replica is of a configuration, or the update has failed. */
public final class RolloutWatch extends AbstractBehavior<RolloutWatch.Command> {
  private static final Duration WATCH_AGAIN = Duration.ofSeconds(5);

  /** What the wait is told. */
  public sealed interface Command {}

  private record Told(DeploymentController.DeployReply reply) implements Command {}

  private record WatchAgain() implements Command {}

  private final LlmConfig config;
  private final CompletableFuture<Done> result;
  private final ActorRef<DeploymentController.DeployReply> statuses;

  /**
   * Begins to wait on the node that {@code system} runs.
   *
   * @param config what was deployed
   * @return fails with a {@link ServingException} whose text says why, if the update fails
   */
  public static CompletionStage<Done> begin(ActorSystem<?> system, LlmConfig config) {
    CompletableFuture<Done> result = new CompletableFuture<>();
    Behavior<Command> behavior =
        Behaviors.setup(
            context ->
                Behaviors.withTimers(
                    timers -> {
                      timers.startTimerWithFixedDelay(new WatchAgain(), Duration.ZERO, WATCH_AGAIN);
                      return new RolloutWatch(context, config, result);
                    }));
    system.systemActorOf(behavior, "rollout-" + UUID.randomUUID(), Props.empty());
    return result;
  }

  private RolloutWatch(
      ActorContext<Command> context, LlmConfig config, CompletableFuture<Done> result) {
    super(context);
    this.config = config;
    this.result = result;
    this.statuses = context.messageAdapter(DeploymentController.DeployReply.class, Told::new);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Told.class, this::onTold)
        .onMessage(WatchAgain.class, this::onWatchAgain)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  /** Asks again, since messages between nodes may be lost and a deployment may move. */
  private Behavior<Command> onWatchAgain(WatchAgain again) {
    DeploymentController.of(getContext().getSystem(), config.modelId())
        .tell(new DeploymentController.Watch(statuses));
    return this;
  }

  private Behavior<Command> onTold(Told told) {
    if (PhalanxNode.isStopping(getContext().getSystem())) {
      return Behaviors.stopped();
    }
    if (!(told.reply() instanceof DeploymentController.Deployed deployed)) {
      return fail(ErrorCode.MODEL_NOT_FOUND, "was deleted while it was updated");
    }
    DeploymentStatus status = deployed.status();
    boolean otherwise = !status.config().equals(config);
    Optional<DeploymentFailure> failure = otherwise ? status.updateFailure() : status.failure();
    if (failure.isPresent()) {
      return fail(failure.get().code(), "cannot be updated: " + failure.get().reason());
    }
    if (otherwise) {
      return fail(ErrorCode.INVALID_REQUEST, "was updated otherwise meanwhile");
    }
    if (status.state() != DeploymentState.HEALTHY) {
      return this;
    }
    result.complete(Done.getInstance());
    return Behaviors.stopped();
  }

  private Behavior<Command> fail(ErrorCode code, String reason) {
    result.completeExceptionally(
        new ServingException(code, "Model [" + config.modelId() + "] " + reason));
    return Behaviors.stopped();
  }

  private Behavior<Command> onPostStop() {
    result.completeExceptionally(
        new ServingException(ErrorCode.NOT_READY, "The node stops during the update."));
    return this;
  }
}
