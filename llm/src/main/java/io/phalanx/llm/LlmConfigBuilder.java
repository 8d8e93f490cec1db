package io.phalanx.llm;

import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A builder of {@link LlmConfig} with one method for each key of {@code phalanx.llm-configs}. */
public final class LlmConfigBuilder extends DeploymentKeys {
  private @Nullable String modelId;
  private @Nullable String modelSource;
  private @Nullable String tokenizerSource;
  private @Nullable String acceleratorType;
  private List<Map<String, Double>> bundles = List.of();
  private @Nullable Map<String, Double> bundlePerWorker;
  private List<Map<String, String>> bundleLabelSelector = List.of();
  private PlacementStrategy strategy = PlacementStrategy.PACK;

  LlmConfigBuilder() {}

  @Override
  LlmConfigBuilder self() {
    return this;
  }

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

  /** Sets the accelerator that bundles with GPUs ask for. */
  public LlmConfigBuilder acceleratorType(String value) {
    acceleratorType = value;
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
        deploymentConfig(),
        Optional.ofNullable(acceleratorType),
        engineKwargs(),
        new PlacementGroupConfig(
            bundles, Optional.ofNullable(bundlePerWorker), bundleLabelSelector, strategy));
  }
}
