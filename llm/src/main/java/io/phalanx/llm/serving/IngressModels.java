package io.phalanx.llm.serving;

import io.phalanx.runtime.metrics.Metrics;
import io.phalanx.runtime.serialization.WireMessage;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
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
 * ReplicaRouter} for each of their versions, loads their tokenizers and keeps the node's {@link
 * ModelCatalog}.
 */
public final class IngressModels extends AbstractBehavior<IngressModels.Command> {

  /** What the ingress can be told. */
  public sealed interface Command {}

  /**
   * A model is deployed.
   *
   * @param createdEpochSeconds when it was deployed first, in seconds since 1970
   * @param versions those that have replicas or are to have them; the wanted one last
   * @param failure why it was given up, if it was
   * @param controller who says so
   */
  public record ModelDeployed(
      String modelId,
      long createdEpochSeconds,
      List<DeploymentVersion> versions,
      Optional<DeploymentFailure> failure,
      ActorRef<DeploymentController.Command> controller)
      implements Command, WireMessage {

    /** Copies the list. */
    public ModelDeployed {
      versions = List.copyOf(versions);
    }

    static ModelDeployed of(
        DesiredDeployment desired, ActorRef<DeploymentController.Command> controller) {
      return new ModelDeployed(
          desired.modelId(),
          desired.createdEpochSeconds(),
          desired.versions(),
          desired.failure(),
          controller);
    }
  }

  /**
   * A model is deployed no longer, or about to be; {@code replyTo} waits until nothing is sent to
   * it.
   */
  public record ModelDeleted(String modelId, ActorRef<DeploymentController.Command> replyTo)
      implements Command, WireMessage {}

  private record Listed(Set<ActorRef<DeploymentController.Command>> deployments)
      implements Command {}

  private record FilesLoaded(DeployedModel model, ReplicaModel files) implements Command {}

  private record FilesFailed(DeployedModel model, Throwable failure) implements Command {}

  private record LoadAgain(DeployedModel model) implements Command {}

  private record FollowAgain() implements Command {}

  private record ReadinessChanged() implements Command {}

  private record Unused(DeployedModel version) implements Command {}

  private static final Duration LOAD_RETRY = Duration.ofSeconds(5);
  private static final Duration FOLLOW_INTERVAL = Duration.ofSeconds(5);

  /** How long after the end of a version a request may still be reading its prompt. */
  private static final Duration READING = Duration.ofSeconds(30);

  private final TimerScheduler<Command> timers;
  private final ServingEnvironment environment;
  private final Metrics metrics;
  private final BiConsumer<String, DeploymentController.Command> controllers;
  private final Set<ActorRef<DeploymentController.Command>> followed = new HashSet<>();
  private final Set<ActorRef<DeploymentController.Command>> heard = new HashSet<>();
  private final Map<String, IngressModel> models = new HashMap<>();
  private final Set<DeployedModel> retired = new HashSet<>();
  private final Runnable changed;

  /** Creates the models of this node's ingress. */
  static Behavior<Command> create(ServingEnvironment environment, Metrics metrics) {
    return Behaviors.setup(
        context -> {
          ActorSystem<?> system = context.getSystem();
          return create(
              environment,
              metrics,
              (modelId, command) -> DeploymentController.of(system, modelId).tell(command));
        });
  }

  /**
   * Creates the models of this node's ingress.
   *
   * @param controllers sends something to the controller of a model
   */
  static Behavior<Command> create(
      ServingEnvironment environment,
      Metrics metrics,
      BiConsumer<String, DeploymentController.Command> controllers) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new IngressModels(context, timers, environment, metrics, controllers)));
  }

  private IngressModels(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      ServingEnvironment environment,
      Metrics metrics,
      BiConsumer<String, DeploymentController.Command> controllers) {
    super(context);
    this.timers = timers;
    this.environment = environment;
    this.metrics = metrics;
    this.controllers = controllers;
    ActorRef<Command> self = context.getSelf();
    ModelCatalog catalog = ModelCatalog.get(context.getSystem());
    this.changed =
        () -> {
          catalog.changed();
          self.tell(new ReadinessChanged());
        };
    ActorRef<Receptionist.Listing> listings =
        context.messageAdapter(
            Receptionist.Listing.class,
            listing -> new Listed(listing.getServiceInstances(DeploymentController.SERVICE_KEY)));
    context
        .getSystem()
        .receptionist()
        .tell(Receptionist.subscribe(DeploymentController.SERVICE_KEY, listings));
    timers.startTimerWithFixedDelay(new FollowAgain(), FOLLOW_INTERVAL);
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
        .onMessage(FollowAgain.class, this::onFollowAgain)
        .onMessage(ReadinessChanged.class, this::onReadinessChanged)
        .onMessage(Unused.class, this::onUnused)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onListed(Listed listed) {
    followed.retainAll(listed.deployments());
    heard.retainAll(followed);
    for (ActorRef<DeploymentController.Command> deployment : listed.deployments()) {
      if (followed.add(deployment)) {
        deployment.tell(new DeploymentController.Follow(getContext().getSelf()));
      }
    }
    return this;
  }

  /** A deployment that ended while this node could not be reached is learned of in this way. */
  private Behavior<Command> onFollowAgain(FollowAgain again) {
    DeploymentController.Follow follow = new DeploymentController.Follow(getContext().getSelf());
    models.keySet().forEach(modelId -> controllers.accept(modelId, follow));
    followed.stream()
        .filter(deployment -> !heard.contains(deployment))
        .forEach(deployment -> deployment.tell(follow));
    return this;
  }

  private Behavior<Command> onReadinessChanged(ReadinessChanged any) {
    models.values().forEach(IngressModel::settle);
    return this;
  }

  private Behavior<Command> onModelDeployed(ModelDeployed deployed) {
    heard.add(deployed.controller());
    IngressModel model =
        models.computeIfAbsent(
            deployed.modelId(),
            id ->
                new IngressModel(
                    getContext(), environment, metrics, controllers, changed, this::retire));
    model.update(deployed).forEach(this::loadFiles);
    return this;
  }

  private void retire(DeployedModel version) {
    retired.add(version);
    timers.startSingleTimer(version, new Unused(version), READING);
  }

  private Behavior<Command> onUnused(Unused unused) {
    retired.remove(unused.version());
    unused.version().closeFiles();
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

  private boolean isServed(DeployedModel version) {
    IngressModel model = models.get(version.modelId());
    return model != null && model.has(version);
  }

  private Behavior<Command> onFilesLoaded(FilesLoaded loaded) {
    if (isServed(loaded.model())) {
      loaded.model().filesLoaded(loaded.files());
    } else {
      loaded.files().tokenizer().close();
    }
    return this;
  }

  private Behavior<Command> onFilesFailed(FilesFailed failed) {
    DeployedModel model = failed.model();
    if (isServed(model)) {
      getContext()
          .getLog()
          .warn("Cannot read the files of model [{}]", model.modelId(), failed.failure());
      timers.startSingleTimer(model, new LoadAgain(model), LOAD_RETRY);
    }
    return this;
  }

  private Behavior<Command> onLoadAgain(LoadAgain again) {
    if (isServed(again.model())) {
      loadFiles(again.model());
    }
    return this;
  }

  private Behavior<Command> onModelDeleted(ModelDeleted deleted) {
    forget(deleted.modelId());
    heard.remove(deleted.replyTo());
    deleted.replyTo().tell(new DeploymentController.Forgotten(getContext().getSelf()));
    return this;
  }

  /** New requests are refused from now on; those that run may end. */
  private void forget(String modelId) {
    IngressModel model = models.remove(modelId);
    if (model != null) {
      model.close();
      metrics.removeModel(modelId);
    }
  }

  private Behavior<Command> onPostStop() {
    Set.copyOf(models.keySet()).forEach(this::forget);
    retired.forEach(DeployedModel::closeFiles);
    return this;
  }
}
