package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.runtime.metrics.Metrics;
import io.phalanx.runtime.serialization.WireMessage;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

/**
 * The models of one node with the ingress role: it finds the cluster's deployments, runs a {@link
 * ReplicaRouter} for each, loads their tokenizers and keeps the node's {@link ModelCatalog}.
 */
public final class IngressModels extends AbstractBehavior<IngressModels.Command> {

  /** What the ingress can be told. */
  public sealed interface Command {}

  /**
   * A model is deployed; {@code deploymentId} tells this deployment from an earlier one of the same
   * model.
   */
  public record ModelDeployed(LlmConfig config, String deploymentId, long createdEpochSeconds)
      implements Command, WireMessage {}

  /**
   * A model is about to be deployed no longer; {@code replyTo} waits until nothing is sent to it.
   */
  public record ModelDeleted(String modelId, ActorRef<DeploymentController.Command> replyTo)
      implements Command, WireMessage {}

  private record Listed(Set<ActorRef<DeploymentController.Command>> deployments)
      implements Command {}

  private record FilesLoaded(DeployedModel model, ReplicaModel files) implements Command {}

  private record FilesFailed(DeployedModel model, Throwable failure) implements Command {}

  private record LoadAgain(DeployedModel model) implements Command {}

  private static final Duration LOAD_RETRY = Duration.ofSeconds(5);

  private final TimerScheduler<Command> timers;
  private final ServingEnvironment environment;
  private final Metrics metrics;
  private final Set<ActorRef<DeploymentController.Command>> followed = new HashSet<>();
  private final Map<String, DeployedModel> models = new HashMap<>();
  private final Map<String, String> deploymentIds = new HashMap<>();
  private final Map<String, ActorRef<ReplicaRouter.Command>> routers = new HashMap<>();

  /** Creates the models of this node's ingress. */
  static Behavior<Command> create(ServingEnvironment environment, Metrics metrics) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new IngressModels(context, timers, environment, metrics)));
  }

  private IngressModels(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      ServingEnvironment environment,
      Metrics metrics) {
    super(context);
    this.timers = timers;
    this.environment = environment;
    this.metrics = metrics;
    ActorRef<Receptionist.Listing> listings =
        context.messageAdapter(
            Receptionist.Listing.class,
            listing -> new Listed(listing.getServiceInstances(DeploymentController.SERVICE_KEY)));
    context
        .getSystem()
        .receptionist()
        .tell(Receptionist.subscribe(DeploymentController.SERVICE_KEY, listings));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Listed.class, this::onListed)
        .onMessage(ModelDeployed.class, this::onModelDeployed)
        .onMessage(ModelDeleted.class, this::onModelDeleted)
        .onMessage(FilesLoaded.class, this::onFilesLoaded)
        .onMessage(FilesFailed.class, this::onFilesFailed)
        .onMessage(LoadAgain.class, this::onLoadAgain)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onListed(Listed listed) {
    followed.retainAll(listed.deployments());
    for (ActorRef<DeploymentController.Command> deployment : listed.deployments()) {
      if (followed.add(deployment)) {
        deployment.tell(new DeploymentController.Follow(getContext().getSelf()));
      }
    }
    return this;
  }

  private Behavior<Command> onModelDeployed(ModelDeployed deployed) {
    LlmConfig config = deployed.config();
    if (deployed.deploymentId().equals(deploymentIds.get(config.modelId()))) {
      return this;
    }
    forget(config.modelId());
    deploymentIds.put(config.modelId(), deployed.deploymentId());
    ModelCatalog catalog = ModelCatalog.get(getContext().getSystem());
    DeployedModel model =
        new DeployedModel(config, deployed.createdEpochSeconds(), metrics, catalog::changed);
    ActorRef<ReplicaRouter.Command> router =
        getContext()
            .spawnAnonymous(
                ReplicaRouter.create(
                    config,
                    deployed.deploymentId(),
                    environment.settings(),
                    model,
                    backlog ->
                        DeploymentController.of(getContext().getSystem(), config.modelId())
                            .tell(backlog)));
    model.routeBy(router);
    models.put(config.modelId(), model);
    routers.put(config.modelId(), router);
    catalog.put(model);
    loadFiles(model);
    return this;
  }

  private void loadFiles(DeployedModel model) {
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(
                () -> ReplicaModel.load(model.config(), environment),
                getContext().getSystem().dispatchers().lookup(DispatcherSelector.blocking())),
            (files, failure) ->
                failure == null ? new FilesLoaded(model, files) : new FilesFailed(model, failure));
  }

  private Behavior<Command> onFilesLoaded(FilesLoaded loaded) {
    if (models.containsValue(loaded.model())) {
      loaded.model().filesLoaded(loaded.files());
    } else {
      loaded.files().tokenizer().close();
    }
    return this;
  }

  private Behavior<Command> onFilesFailed(FilesFailed failed) {
    DeployedModel model = failed.model();
    if (models.containsValue(model)) {
      getContext()
          .getLog()
          .warn("Cannot read the files of model [{}]", model.modelId(), failed.failure());
      timers.startSingleTimer(model, new LoadAgain(model), LOAD_RETRY);
    }
    return this;
  }

  private Behavior<Command> onLoadAgain(LoadAgain again) {
    if (models.containsValue(again.model())) {
      loadFiles(again.model());
    }
    return this;
  }

  private Behavior<Command> onModelDeleted(ModelDeleted deleted) {
    forget(deleted.modelId());
    deleted.replyTo().tell(new DeploymentController.Forgotten(getContext().getSelf()));
    return this;
  }

  /** New requests are refused from now on; those that run may end. */
  private void forget(String modelId) {
    DeployedModel model = models.remove(modelId);
    deploymentIds.remove(modelId);
    ActorRef<ReplicaRouter.Command> router = routers.remove(modelId);
    if (router != null) {
      router.tell(new ReplicaRouter.Close());
    }
    if (model != null) {
      ModelCatalog.get(getContext().getSystem()).remove(modelId);
      model.close();
    }
  }

  private Behavior<Command> onPostStop() {
    Set.copyOf(models.keySet()).forEach(this::forget);
    return this;
  }
}
