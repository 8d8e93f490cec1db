package io.phalanx.llm;

import io.phalanx.runtime.serialization.WireMessage;
import java.util.Optional;

/**
 * One model to serve: the typed form of an entry of {@code phalanx.llm-configs}.
 *
 * <pre>{@code
 * LlmConfig config =
 *     LlmConfig.builder()
 *         .modelId("llama-3.1-8b")
 *         .modelSource("meta-llama/Llama-3.1-8B-Instruct")
 *         .minReplicas(1)
 *         .maxReplicas(2)
 *         .acceleratorType("L4")
 *         .tensorParallelSize(2)
 *         .maxModelLen(8192)
 *         .build();
 * }</pre>
 *
 * @param modelLoadingConfig which model, and where its files are
 * @param deploymentConfig how many replicas there are and what they accept
 * @param acceleratorType the accelerator that every bundle with GPUs asks for, such as {@code L4}
 * @param engineKwargs the engine's arguments
 * @param placementGroupConfig the bundles of a replica and their strategy
 */
public record LlmConfig(
    ModelLoadingConfig modelLoadingConfig,
    DeploymentConfig deploymentConfig,
    Optional<String> acceleratorType,
    EngineKwargs engineKwargs,
    PlacementGroupConfig placementGroupConfig)
    implements WireMessage {

  /** Checks that the bundles make sense and can hold the ranks. */
  public LlmConfig(
      ModelLoadingConfig modelLoadingConfig,
      DeploymentConfig deploymentConfig,
      Optional<String> acceleratorType,
      EngineKwargs engineKwargs,
      PlacementGroupConfig placementGroupConfig) {
    this.modelLoadingConfig = modelLoadingConfig;
    this.deploymentConfig = deploymentConfig;
    this.acceleratorType = acceleratorType;
    this.engineKwargs = engineKwargs;
    this.placementGroupConfig = placementGroupConfig;
    ReplicaBundles.validate(this);
  }

  /** Returns a builder with the default of every key but the model id. */
  public static LlmConfigBuilder builder() {
    return new LlmConfigBuilder();
  }

  /** Returns the id that requests name. */
  public String modelId() {
    return modelLoadingConfig.modelId();
  }

  /** Returns over how many ranks the model is spread. */
  public ParallelConfig parallel() {
    return engineKwargs.parallel();
  }
}
