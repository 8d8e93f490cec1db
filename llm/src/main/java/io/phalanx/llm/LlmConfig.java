package io.phalanx.llm;

import io.phalanx.runtime.serialization.WireMessage;
import java.util.Optional;

/**
 * One model to serve: the typed form of an entry of {@code phalanx.llm-configs}.
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

  /** Returns the id that requests name. */
  public String modelId() {
    return modelLoadingConfig.modelId();
  }

  /** Returns over how many ranks the model is spread. */
  public ParallelConfig parallel() {
    return engineKwargs.parallel();
  }
}
