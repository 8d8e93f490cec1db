package io.phalanx.llm;

import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A builder of {@link LlmConfig} with one method for each key of {@code phalanx.llm-configs}. */
public final class LlmConfigBuilder {
  private static final AutoscalingConfig SCALING = AutoscalingConfig.between(1, 1);
  private static final EngineKwargs ENGINE = EngineKwargs.DEFAULT;
  private static final RequestRouterConfig ROUTER = RequestRouterConfig.DEFAULT;

  private @Nullable String modelId;
  private @Nullable String modelSource;
  private @Nullable String tokenizerSource;

  private int minReplicas = SCALING.minReplicas();
  private @Nullable Integer maxReplicas;
  private @Nullable Integer initialReplicas;
  private @Nullable Double targetOngoingRequests;
  private Duration lookBackPeriod = SCALING.lookBackPeriod();
  private Duration upscaleDelay = SCALING.upscaleDelay();
  private Duration downscaleDelay = SCALING.downscaleDelay();
  private double upscalingFactor = SCALING.upscalingFactor();
  private double downscalingFactor = SCALING.downscalingFactor();

  private @Nullable Integer maxOngoingRequests;
  private int maxQueuedRequests = DeploymentConfig.DEFAULT_MAX_QUEUED_REQUESTS;
  private @Nullable Duration requestTimeout;
  private RoutingPolicy routingPolicy = ROUTER.policy();
  private int imbalanceThreshold = ROUTER.imbalanceThreshold();
  private String sessionHeader = ROUTER.sessionHeader();
  private Duration gracefulShutdownTimeout = DeploymentConfig.DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT;
  private ReplicaResources actorOptions = ReplicaResources.DEFAULT;
  private @Nullable String acceleratorType;

  private int tensorParallelSize = 1;
  private int pipelineParallelSize = 1;
  private int dataParallelSize = 1;
  private @Nullable Integer maxModelLen;
  private @Nullable Integer maxNumBatchedTokens;
  private int maxNumSeqs = ENGINE.maxNumSequences();
  private boolean enableChunkedPrefill = ENGINE.enableChunkedPrefill();
  private int blockSize = ENGINE.blockSize();
  private @Nullable Long kvCacheMemory;
  private KvCacheType kvCacheType = ENGINE.kvCacheType();
  private double gpuMemoryUtilization = ENGINE.gpuMemoryUtilization();
  private boolean enablePrefixCaching = ENGINE.enablePrefixCaching();
  private @Nullable Duration stepLatency;
  private SchedulingPolicy schedulingPolicy = ENGINE.schedulingPolicy();
  private boolean batchInvariant = ENGINE.batchInvariant();
  private @Nullable Long seed;
  private Dtype dtype = ENGINE.dtype();
  private Quantization quantization = ENGINE.quantization();

  private List<Map<String, Double>> bundles = List.of();
  private @Nullable Map<String, Double> bundlePerWorker;
  private List<Map<String, String>> bundleLabelSelector = List.of();
  private PlacementStrategy strategy = PlacementStrategy.PACK;

  LlmConfigBuilder() {}

  /** Sets the id that requests name; required. */
  public LlmConfigBuilder modelId(String value) {
    modelId = value;
    return this;
  }

  /**
   * Sets {@code embedded}, a directory, or {@code org/name[@revision]}; the model id by default.
   */
  public LlmConfigBuilder modelSource(String value) {
    modelSource = value;
    return this;
  }

  /** Sets where the tokenizer's files are; with the model by default. */
  public LlmConfigBuilder tokenizerSource(String value) {
    tokenizerSource = value;
    return this;
  }

  /** Sets a fixed number of replicas (under data parallelism: of gangs). */
  public LlmConfigBuilder numReplicas(int value) {
    return minReplicas(value).maxReplicas(value);
  }

  /** Sets the fewest replicas. */
  public LlmConfigBuilder minReplicas(int value) {
    minReplicas = value;
    return this;
  }

  /** Sets the most replicas; the fewest by default. */
  public LlmConfigBuilder maxReplicas(int value) {
    maxReplicas = value;
    return this;
  }

  /** Sets the replicas at the start; the fewest by default. */
  public LlmConfigBuilder initialReplicas(int value) {
    initialReplicas = value;
    return this;
  }

  /** Sets the backlog that one replica should have; 0.75 x max-num-seqs by default. */
  public LlmConfigBuilder targetOngoingRequests(double value) {
    targetOngoingRequests = value;
    return this;
  }

  /** Sets over how long the backlog is averaged. */
  public LlmConfigBuilder lookBackPeriod(Duration value) {
    lookBackPeriod = value;
    return this;
  }

  /** Sets how long more replicas must be wanted before they are started. */
  public LlmConfigBuilder upscaleDelay(Duration value) {
    upscaleDelay = value;
    return this;
  }

  /** Sets how long fewer replicas must be wanted before some are stopped. */
  public LlmConfigBuilder downscaleDelay(Duration value) {
    downscaleDelay = value;
    return this;
  }

  /** Sets how strongly a missing share of replicas is answered. */
  public LlmConfigBuilder upscalingFactor(double value) {
    upscalingFactor = value;
    return this;
  }

  /** Sets how strongly a surplus share of replicas is answered. */
  public LlmConfigBuilder downscalingFactor(double value) {
    downscalingFactor = value;
    return this;
  }

  /** Sets the most requests that one replica holds; 4 x max-num-seqs by default. */
  public LlmConfigBuilder maxOngoingRequests(int value) {
    maxOngoingRequests = value;
    return this;
  }

  /** Sets the most requests that wait at one ingress; -1 is no limit. */
  public LlmConfigBuilder maxQueuedRequests(int value) {
    maxQueuedRequests = value;
    return this;
  }

  /** Sets how long the whole answer to a request may take; as long as it takes by default. */
  public LlmConfigBuilder requestTimeout(Duration value) {
    requestTimeout = value;
    return this;
  }

  /** Sets by what requests without a session are given to replicas. */
  public LlmConfigBuilder routingPolicy(RoutingPolicy value) {
    routingPolicy = value;
    return this;
  }

  /** Sets how many requests more than the least busy one a preferred replica may have. */
  public LlmConfigBuilder imbalanceThreshold(int value) {
    imbalanceThreshold = value;
    return this;
  }

  /** Sets the HTTP header that names a request's session, in lower case. */
  public LlmConfigBuilder sessionHeader(String value) {
    sessionHeader = value;
    return this;
  }

  /** Sets how long a stopping replica may finish its requests. */
  public LlmConfigBuilder gracefulShutdownTimeout(Duration value) {
    gracefulShutdownTimeout = value;
    return this;
  }

  /** Sets what the replica actor itself needs. */
  public LlmConfigBuilder actorOptions(ReplicaResources value) {
    actorOptions = value;
    return this;
  }

  /** Sets the accelerator that bundles with GPUs ask for. */
  public LlmConfigBuilder acceleratorType(String value) {
    acceleratorType = value;
    return this;
  }

  /** Sets how many ranks share each layer. */
  public LlmConfigBuilder tensorParallelSize(int value) {
    tensorParallelSize = value;
    return this;
  }

  /** Sets how many stages share the layers. */
  public LlmConfigBuilder pipelineParallelSize(int value) {
    pipelineParallelSize = value;
    return this;
  }

  /** Sets how many replicas form a gang; above 1 the strategy becomes STRICT_PACK. */
  public LlmConfigBuilder dataParallelSize(int value) {
    dataParallelSize = value;
    return this;
  }

  /** Sets the most tokens of prompt and answer together; the model's own by default. */
  public LlmConfigBuilder maxModelLen(int value) {
    maxModelLen = value;
    return this;
  }

  /** Sets the most tokens that one step computes. */
  public LlmConfigBuilder maxNumBatchedTokens(int value) {
    maxNumBatchedTokens = value;
    return this;
  }

  /** Sets the most sequences that one step computes. */
  public LlmConfigBuilder maxNumSeqs(int value) {
    maxNumSeqs = value;
    return this;
  }

  /** Sets whether a prompt may be computed over several steps. */
  public LlmConfigBuilder enableChunkedPrefill(boolean value) {
    enableChunkedPrefill = value;
    return this;
  }

  /** Sets the tokens of one block of keys and values. */
  public LlmConfigBuilder blockSize(int value) {
    blockSize = value;
    return this;
  }

  /** Sets how the weights of linear layers are stored; as the checkpoint has them by default. */
  public LlmConfigBuilder quantization(Quantization value) {
    quantization = value;
    return this;
  }

  /** Sets the bytes for keys and values of one rank; chosen from what is free by default. */
  public LlmConfigBuilder kvCacheMemory(long value) {
    kvCacheMemory = value;
    return this;
  }

  /** In which numbers keys and values are kept; {@code AUTO} is 16 bits. */
  public LlmConfigBuilder kvCacheType(KvCacheType value) {
    kvCacheType = value;
    return this;
  }

  /** Sets the share of a GPU's memory that a rank may use. */
  public LlmConfigBuilder gpuMemoryUtilization(double value) {
    gpuMemoryUtilization = value;
    return this;
  }

  /** Sets whether sequences share the keys and values of equal beginnings. */
  public LlmConfigBuilder enablePrefixCaching(boolean value) {
    enablePrefixCaching = value;
    return this;
  }

  /** Sets how long chunks of prompts may make a step while streams run. */
  public LlmConfigBuilder stepLatency(Duration value) {
    stepLatency = value;
    return this;
  }

  /** Sets in which order requests wait. */
  public LlmConfigBuilder schedulingPolicy(SchedulingPolicy value) {
    schedulingPolicy = value;
    return this;
  }

  /** Sets whether a request's tokens must not depend on what else is in its batch. */
  public LlmConfigBuilder batchInvariant(boolean value) {
    batchInvariant = value;
    return this;
  }

  /** Sets what the seeds of requests that bring none are drawn from; random by default. */
  public LlmConfigBuilder seed(long value) {
    seed = value;
    return this;
  }

  /** Sets the least precision to compute in. */
  public LlmConfigBuilder dtype(Dtype value) {
    dtype = value;
    return this;
  }

  /** Sets the bundles of a replica, resource amounts by name. */
  public LlmConfigBuilder bundles(List<Map<String, Double>> value) {
    bundles = value;
    return this;
  }

  /** Sets the bundle of each rank instead of a list of bundles. */
  public LlmConfigBuilder bundlePerWorker(Map<String, Double> value) {
    bundlePerWorker = value;
    return this;
  }

  /** Sets the node labels that each bundle asks for. */
  public LlmConfigBuilder bundleLabelSelector(List<Map<String, String>> value) {
    bundleLabelSelector = value;
    return this;
  }

  /** Sets how the bundles are laid over nodes. */
  public LlmConfigBuilder strategy(PlacementStrategy value) {
    strategy = value;
    return this;
  }

  /**
   * Checks everything and builds.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} that names the key, the value and the
   *     fix
   */
  public LlmConfig build() {
    if (modelId == null) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, "model-loading-config.model-id is missing; set it.");
    }
    return new LlmConfig(
        new ModelLoadingConfig(
            modelId,
            modelSource == null ? modelId : modelSource,
            Optional.ofNullable(tokenizerSource)),
        new DeploymentConfig(
            autoscaling(),
            Optional.ofNullable(maxOngoingRequests),
            maxQueuedRequests,
            Optional.ofNullable(requestTimeout),
            new RequestRouterConfig(routingPolicy, imbalanceThreshold, sessionHeader),
            gracefulShutdownTimeout,
            actorOptions),
        Optional.ofNullable(acceleratorType),
        engineKwargs(),
        new PlacementGroupConfig(
            bundles, Optional.ofNullable(bundlePerWorker), bundleLabelSelector, strategy));
  }

  private AutoscalingConfig autoscaling() {
    return new AutoscalingConfig(
        minReplicas,
        maxReplicas == null ? minReplicas : maxReplicas,
        Optional.ofNullable(initialReplicas),
        Optional.ofNullable(targetOngoingRequests),
        lookBackPeriod,
        upscaleDelay,
        downscaleDelay,
        upscalingFactor,
        downscalingFactor);
  }

  private EngineKwargs engineKwargs() {
    return new EngineKwargs(
        new ParallelConfig(tensorParallelSize, pipelineParallelSize, dataParallelSize),
        Optional.ofNullable(maxModelLen),
        maxNumBatchedTokens == null
            ? Math.max(ENGINE.maxNumBatchedTokens(), maxNumSeqs)
            : maxNumBatchedTokens,
        maxNumSeqs,
        enableChunkedPrefill,
        blockSize,
        Optional.ofNullable(kvCacheMemory),
        kvCacheType,
        gpuMemoryUtilization,
        enablePrefixCaching,
        Optional.ofNullable(stepLatency),
        schedulingPolicy,
        batchInvariant,
        Optional.ofNullable(seed),
        dtype,
        quantization);
  }
}
