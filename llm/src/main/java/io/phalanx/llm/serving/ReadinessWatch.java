package io.phalanx.llm.serving;

import io.phalanx.llm.ModelHandle;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
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
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * One wait for deployments: it follows their status and ends when each can answer on this node, or
 * when one is given up.
 */
public final class ReadinessWatch extends AbstractBehavior<ReadinessWatch.Command> {
  private static final Duration WATCH_AGAIN = Duration.ofSeconds(5);

  /** What the wait is told. */
  public sealed interface Command {}

  private record Told(DeploymentController.DeployReply reply) implements Command {}

  private record CatalogChanged() implements Command {}

  private record WatchAgain() implements Command {}

  private final Set<String> modelIds;
  private final Consumer<DeploymentStatus> listener;
  private final CompletableFuture<Done> result;
  private final ModelCatalog catalog;
  private final Runnable catalogListener;
  private final ActorRef<DeploymentController.DeployReply> statuses;
  private final Map<String, DeploymentStatus> statusOfModel = new HashMap<>();

  /**
   * Begins to wait on the node that {@code system} runs, which must have the ingress role.
   *
   * @param modelIds the deployments, which exist
   * @param listener hears each status of each; called by the actor
   * @return fails with a {@link ServingException} whose text names the model that was given up, and
   *     why; with {@code NOT_READY} if the node stops, which deletes what it has deployed
   */
  public static CompletionStage<Done> begin(
      ActorSystem<?> system, Set<String> modelIds, Consumer<DeploymentStatus> listener) {
    CompletableFuture<Done> result = new CompletableFuture<>();
    Behavior<Command> behavior =
        Behaviors.setup(
            context ->
                Behaviors.withTimers(
                    timers -> new ReadinessWatch(context, timers, modelIds, listener, result)));
    system.systemActorOf(behavior, "readiness-" + UUID.randomUUID(), Props.empty());
    return result;
  }

  private ReadinessWatch(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      Set<String> modelIds,
      Consumer<DeploymentStatus> listener,
      CompletableFuture<Done> result) {
    super(context);
    this.modelIds = Set.copyOf(modelIds);
    this.listener = listener;
    this.result = result;
    this.catalog = ModelCatalog.get(context.getSystem());
    ActorRef<Command> self = context.getSelf();
    this.catalogListener = () -> self.tell(new CatalogChanged());
    this.statuses = context.messageAdapter(DeploymentController.DeployReply.class, Told::new);
    catalog.addListener(catalogListener);
    timers.startTimerWithFixedDelay(new WatchAgain(), WATCH_AGAIN);
    self.tell(new WatchAgain());
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Told.class, this::onTold)
        .onMessage(CatalogChanged.class, changed -> endIfReady())
        .onMessage(WatchAgain.class, this::onWatchAgain)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onTold(Told told) {
    if (PhalanxNode.isStopping(getContext().getSystem())) {
      return Behaviors.stopped();
    }
    if (!(told.reply() instanceof DeploymentController.Deployed deployed)) {
      return fail(ErrorCode.MODEL_NOT_FOUND, "A model was deleted while it was waited for.");
    }
    DeploymentStatus status = deployed.status();
    statusOfModel.put(status.config().modelId(), status);
    listener.accept(status);
    if (status.failure().isPresent()) {
      DeploymentFailure failure = status.failure().get();
      return fail(
          failure.code(),
          "Model [" + status.config().modelId() + "] cannot be served: " + failure.reason());
    }
    return endIfReady();
  }

  private Behavior<Command> endIfReady() {
    if (!modelIds.stream().allMatch(this::isReady)) {
      return this;
    }
    result.complete(Done.getInstance());
    return Behaviors.stopped();
  }

  private boolean isReady(String modelId) {
    DeploymentStatus status = statusOfModel.get(modelId);
    if (status == null) {
      return false;
    }
    return status.targetReplicas() == 0
        ? catalog.all().stream().anyMatch(model -> model.modelId().equals(modelId))
        : status.isReady() && catalog.find(modelId).filter(ModelHandle::ready).isPresent();
  }

  /** Asks again, since messages between nodes may be lost and a deployment may move. */
  private Behavior<Command> onWatchAgain(WatchAgain again) {
    for (String modelId : modelIds) {
      DeploymentController.of(getContext().getSystem(), modelId)
          .tell(new DeploymentController.Watch(statuses));
    }
    return endIfReady();
  }

  private Behavior<Command> fail(ErrorCode code, String reason) {
    result.completeExceptionally(new ServingException(code, reason));
    return Behaviors.stopped();
  }

  private Behavior<Command> onPostStop() {
    catalog.removeListener(catalogListener);
    result.completeExceptionally(
        new ServingException(ErrorCode.NOT_READY, "The node stops before its models can answer."));
    return this;
  }
}
