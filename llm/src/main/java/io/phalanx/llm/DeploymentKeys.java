package io.phalanx.llm;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The part of {@link LlmConfigBuilder} with the keys of {@code deployment-config}. */
abstract sealed class DeploymentKeys extends EngineKeys permits LlmConfigBuilder {
  private static final AutoscalingConfig SCALING = AutoscalingConfig.between(1, 1);
  private static final RequestRouterConfig ROUTER = RequestRouterConfig.DEFAULT;

  private int minReplicas = SCALING.minReplicas();
  private @Nullable Integer maxReplicas;
  private @Nullable Integer initialReplicas;
  private @Nullable Double targetOngoingRequests;
  private @Nullable Double targetBacklogTokens;
  private Duration lookBackPeriod = SCALING.lookBackPeriod();
  private AggregationFunction aggregationFunction = SCALING.aggregationFunction();
  private Duration upscaleDelay = SCALING.upscaleDelay();
  private Duration downscaleDelay = SCALING.downscaleDelay();
  private @Nullable Duration downscaleToZeroDelay;
  private double downscaleHeadroom = SCALING.downscaleHeadroom();
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

  /** Sets a fixed number of replicas (under data parallelism: of gangs). */
  public LlmConfigBuilder numReplicas(int value) {
    return minReplicas(value).maxReplicas(value);
  }

  /** Sets the fewest replicas. */
  public LlmConfigBuilder minReplicas(int value) {
    minReplicas = value;
    return self();
  }

  /** Sets the most replicas; the fewest by default. */
  public LlmConfigBuilder maxReplicas(int value) {
    maxReplicas = value;
    return self();
  }

  /** Sets the replicas at the start; the fewest by default. */
  public LlmConfigBuilder initialReplicas(int value) {
    initialReplicas = value;
    return self();
  }

  /** Sets the backlog that one replica should have; 0.75 x max-num-seqs by default. */
  public LlmConfigBuilder targetOngoingRequests(double value) {
    targetOngoingRequests = value;
    return self();
  }

  /** Sets the backlog in tokens that one replica should have; tokens do not count by default. */
  public LlmConfigBuilder targetBacklogTokens(double value) {
    targetBacklogTokens = value;
    return self();
  }

  /** Sets over how long the backlog is averaged. */
  public LlmConfigBuilder lookBackPeriod(Duration value) {
    lookBackPeriod = value;
    return self();
  }

  /** Sets what is taken of the backlogs of the look-back period. */
  public LlmConfigBuilder aggregationFunction(AggregationFunction value) {
    aggregationFunction = value;
    return self();
  }

  /** Sets how long more replicas must be wanted before they are started. */
  public LlmConfigBuilder upscaleDelay(Duration value) {
    upscaleDelay = value;
    return self();
  }

  /** Sets how long fewer replicas must be wanted before some are stopped. */
  public LlmConfigBuilder downscaleDelay(Duration value) {
    downscaleDelay = value;
    return self();
  }

  /** Sets how long the last replica must be idle before it is stopped; with min-replicas 0. */
  public LlmConfigBuilder downscaleToZeroDelay(Duration value) {
    downscaleToZeroDelay = value;
    return self();
  }

  /** Sets the share of the target that must stay free in the replicas that are left. */
  public LlmConfigBuilder downscaleHeadroom(double value) {
    downscaleHeadroom = value;
    return self();
  }

  /** Sets how strongly a missing share of replicas is answered. */
  public LlmConfigBuilder upscalingFactor(double value) {
    upscalingFactor = value;
    return self();
  }

  /** Sets how strongly a surplus share of replicas is answered. */
  public LlmConfigBuilder downscalingFactor(double value) {
    downscalingFactor = value;
    return self();
  }

  /** Sets the most requests that one replica holds; 4 x max-num-seqs by default. */
  public LlmConfigBuilder maxOngoingRequests(int value) {
    maxOngoingRequests = value;
    return self();
  }

  /** Sets the most requests that wait at one ingress; -1 is no limit. */
  public LlmConfigBuilder maxQueuedRequests(int value) {
    maxQueuedRequests = value;
    return self();
  }

  /** Sets how long the whole answer to a request may take; as long as it takes by default. */
  public LlmConfigBuilder requestTimeout(Duration value) {
    requestTimeout = value;
    return self();
  }

  /** Sets by what requests without a session are given to replicas. */
  public LlmConfigBuilder routingPolicy(RoutingPolicy value) {
    routingPolicy = value;
    return self();
  }

  /** Sets how many requests more than the least busy one a preferred replica may have. */
  public LlmConfigBuilder imbalanceThreshold(int value) {
    imbalanceThreshold = value;
    return self();
  }

  /** Sets the HTTP header that names a request's session, in lower case. */
  public LlmConfigBuilder sessionHeader(String value) {
    sessionHeader = value;
    return self();
  }

  /** Sets how long a stopping replica may finish its requests. */
  public LlmConfigBuilder gracefulShutdownTimeout(Duration value) {
    gracefulShutdownTimeout = value;
    return self();
  }

  /** Sets what the replica actor itself needs. */
  public LlmConfigBuilder actorOptions(ReplicaResources value) {
    actorOptions = value;
    return self();
  }

  final DeploymentConfig deploymentConfig() {
    return new DeploymentConfig(
        autoscaling(),
        Optional.ofNullable(maxOngoingRequests),
        maxQueuedRequests,
        Optional.ofNullable(requestTimeout),
        new RequestRouterConfig(routingPolicy, imbalanceThreshold, sessionHeader),
        gracefulShutdownTimeout,
        actorOptions);
  }

  private AutoscalingConfig autoscaling() {
    return new AutoscalingConfig(
        minReplicas,
        maxReplicas == null ? minReplicas : maxReplicas,
        Optional.ofNullable(initialReplicas),
        Optional.ofNullable(targetOngoingRequests),
        Optional.ofNullable(targetBacklogTokens),
        lookBackPeriod,
        aggregationFunction,
        upscaleDelay,
        downscaleDelay,
        Optional.ofNullable(downscaleToZeroDelay),
        downscaleHeadroom,
        upscalingFactor,
        downscalingFactor);
  }
}
