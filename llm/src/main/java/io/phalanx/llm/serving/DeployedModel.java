package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelCard;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.TokenReader;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.llm.tokenizer.ChatTemplate;
import io.phalanx.llm.tokenizer.Tokenizer;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.Metrics;
import java.time.Duration;
import java.util.Optional;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * One version of a deployed model on one ingress. It exists as soon as the deployment is known;
 * until its files are read and a replica is there, its methods say {@code NOT_READY}. Once it has
 * given way to another version, whoever still holds it is served by that one.
 */
final class DeployedModel implements ModelHandle, RouterListener {
  private final long createdEpochSeconds;
  private final ModelMetrics metrics;
  private final RequestSeeds seeds;
  private volatile @Nullable ActorRef<ReplicaRouter.Command> router;
  private volatile @Nullable Loaded loaded;
  private final Runnable changed;
  private volatile int replicas;
  private volatile boolean deleted;
  private volatile boolean served;
  private volatile LlmConfig config;
  private volatile Optional<DeploymentFailure> failure = Optional.empty();
  private volatile @Nullable DeployedModel successor;

  private record Loaded(ReplicaModel model, ModelCard card) {}

  /** Creates the model; {@code changed} is run when its readiness may have changed. */
  DeployedModel(LlmConfig config, long createdEpochSeconds, Metrics metrics, Runnable changed) {
    this.config = config;
    this.createdEpochSeconds = createdEpochSeconds;
    this.seeds = new RequestSeeds(config.engineKwargs().seed());
    this.changed = changed;
    this.metrics = new ModelMetrics(config.modelId(), metrics);
  }

  LlmConfig config() {
    return config;
  }

  void routeBy(ActorRef<ReplicaRouter.Command> modelRouter) {
    router = modelRouter;
  }

  void filesLoaded(ReplicaModel model) {
    ModelCard card =
        new ModelCard(
            modelId(),
            createdEpochSeconds,
            config.engineKwargs().maxModelLength(model.config()),
            config.modelLoadingConfig().modelSource());
    loaded = new Loaded(model, card);
    changed.run();
  }

  /** Takes counts, limits and delays that have changed. */
  void reconfigure(LlmConfig changed) {
    ActorRef<ReplicaRouter.Command> target = router;
    if (!changed.equals(config) && target != null) {
      config = changed;
      target.tell(new ReplicaRouter.Reconfigure(changed));
    }
  }

  /** Takes why the deployment was given up, if it was. */
  void givenUp(Optional<DeploymentFailure> reason) {
    failure = reason;
  }

  /** Sends what is asked from now on to another version, and what waits if that can read it. */
  void giveWay(DeployedModel wanted) {
    successor = wanted;
    boolean sameTokens = config.modelLoadingConfig().equals(wanted.config.modelLoadingConfig());
    closeRouter(sameTokens ? Optional.ofNullable(wanted.router) : Optional.empty());
  }

  /** Refuses whatever is asked from now on. */
  void close() {
    deleted = true;
    closeRouter(Optional.empty());
  }

  private void closeRouter(Optional<ActorRef<ReplicaRouter.Command>> next) {
    ActorRef<ReplicaRouter.Command> target = router;
    if (target != null) {
      target.tell(new ReplicaRouter.Close(next));
    }
  }

  /** Frees the tokenizer; nobody may be using it any more. */
  void closeFiles() {
    Loaded current = loaded;
    loaded = null;
    if (current != null) {
      current.model().tokenizer().close();
    }
  }

  /** Returns whether it can answer, if need be after a first replica has started for that. */
  boolean answers() {
    boolean startsFromZero = config.deploymentConfig().autoscaling().scalesToZero();
    return ready() || (startsFromZero && isKnown() && failure.isEmpty());
  }

  /** Returns whether it could answer at some time. */
  boolean hasServed() {
    return served;
  }

  /** Returns how many replicas take requests. */
  int replicas() {
    return replicas;
  }

  /** Returns whether the model's files have been read on this node. */
  boolean isKnown() {
    return loaded != null;
  }

  private Loaded loaded() {
    DeployedModel serving = serving();
    Loaded current = serving.loaded;
    if (current == null || serving.deleted) {
      throw serving.unavailable();
    }
    return current;
  }

  private DeployedModel serving() {
    DeployedModel next = successor;
    return next == null ? this : next.serving();
  }

  private ServingException unavailable() {
    if (deleted) {
      return new ServingException(
          ErrorCode.MODEL_NOT_FOUND, "Model [" + modelId() + "] is deployed no longer.");
    }
    if (failure.isPresent()) {
      return new ServingException(
          ErrorCode.NOT_READY,
          "Model [" + modelId() + "] cannot be served: " + failure.get().reason());
    }
    return new ServingException(
        ErrorCode.NOT_READY, "Model [" + modelId() + "] is still loading; try again in a while.");
  }

  @Override
  public String modelId() {
    return config.modelId();
  }

  @Override
  public ModelCard card() {
    return loaded().card();
  }

  @Override
  public Tokenizer tokenizer() {
    return loaded().model().tokenizer();
  }

  @Override
  public ChatTemplate chatTemplate() {
    return loaded()
        .model()
        .template()
        .orElseThrow(
            () ->
                ServingException.invalidParam(
                    "model",
                    "Model ["
                        + modelId()
                        + "] has no chat template; use /v1/completions, or a model that has one."));
  }

  @Override
  public GenerationDefaults generationDefaults() {
    return loaded().model().defaults();
  }

  @Override
  public long nextSeed() {
    return seeds.next();
  }

  @Override
  public String sessionHeader() {
    return config.deploymentConfig().requestRouter().sessionHeader();
  }

  @Override
  public boolean ready() {
    DeployedModel serving = serving();
    return serving.loaded != null && !serving.deleted && serving.replicas > 0;
  }

  @Override
  public Source<TokenEvent, NotUsed> generate(GenerationRequest request) {
    return Source.fromGraph(new TokenStage(() -> open(request)));
  }

  @Override
  public TokenReader open(GenerationRequest request) {
    DeployedModel serving = serving();
    ActorRef<ReplicaRouter.Command> target = serving.router;
    if (target == null || serving.failure.isPresent()) {
      throw serving.unavailable();
    }
    Loaded current = loaded();
    request.checkFits(current.card().maxModelLength(), current.model().config().vocabSize());
    return TokenBuffer.open(target, request, metrics.request(request));
  }

  @Override
  public void onFirstEvent(Duration sinceArrival) {
    metrics.onFirstEvent(sinceArrival);
  }

  @Override
  public void onReplicas(int count) {
    replicas = count;
    if (count > 0) {
      served = true;
    }
    changed.run();
  }

  @Override
  public void onReport(Replica.BacklogReport report) {
    if (!deleted) {
      metrics.onReport(report);
    }
  }

  @Override
  public void onReplicaLost(ActorRef<Replica.Command> replica) {
    metrics.onReplicaLost(replica);
  }
}
