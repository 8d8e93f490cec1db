package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ModelCard;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.TokenReader;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.LlmEngine;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.llm.tokenizer.ChatTemplate;
import io.phalanx.llm.tokenizer.Tokenizer;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.Metrics;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * A deployed model on one ingress. It exists as soon as the deployment is known; until its files
 * are read and a replica is there, its methods say {@code NOT_READY}.
 */
final class DeployedModel implements ModelHandle, RouterListener {
  private final LlmConfig config;
  private final long createdEpochSeconds;
  private final ModelMetrics metrics;
  private final RequestSeeds seeds;
  private volatile @Nullable ActorRef<ReplicaRouter.Command> router;
  private volatile @Nullable Loaded loaded;
  private final Runnable changed;
  private volatile int replicas;
  private volatile boolean deleted;

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

  /** Refuses whatever is asked from now on. */
  void close() {
    deleted = true;
    Loaded current = loaded;
    loaded = null;
    if (current != null) {
      current.model().tokenizer().close();
    }
  }

  /** Returns whether the model's files have been read on this node. */
  boolean isKnown() {
    return loaded != null;
  }

  private Loaded loaded() {
    Loaded current = loaded;
    if (current == null) {
      throw unavailable();
    }
    return current;
  }

  private ServingException unavailable() {
    if (deleted) {
      return new ServingException(
          ErrorCode.MODEL_NOT_FOUND, "Model [" + modelId() + "] is deployed no longer.");
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
    return loaded != null && replicas > 0;
  }

  @Override
  public Source<TokenEvent, NotUsed> generate(GenerationRequest request) {
    return Source.fromGraph(new TokenStage(() -> open(request)));
  }

  @Override
  public TokenReader open(GenerationRequest request) {
    ActorRef<ReplicaRouter.Command> target = router;
    if (target == null) {
      throw unavailable();
    }
    Loaded current = loaded();
    LlmEngine.checkPrompt(
        request, current.card().maxModelLength(), current.model().config().vocabSize());
    return TokenBuffer.open(target, request, metrics.request(request));
  }

  @Override
  public void onReplicas(int count) {
    replicas = count;
    changed.run();
  }

  @Override
  public void onReport(Replica.BacklogReport report) {
    metrics.onReport(report);
  }

  @Override
  public void onReplicaLost(ActorRef<Replica.Command> replica) {
    metrics.onReplicaLost(replica);
  }
}
