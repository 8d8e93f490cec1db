package io.phalanx.llm;

import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.hub.ModelSource;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.llm.models.ModelWeights;
import io.phalanx.llm.tokenizer.ChatTemplates;
import io.phalanx.llm.tokenizer.HuggingFaceTokenizer;
import io.phalanx.llm.weights.Checkpoint;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The checks of models that need no cluster, no network and no weights in memory: shape, weights by
 * their headers, tokenizer, chat template and generation defaults.
 */
public final class DeploymentPreflight {
  private static final String TOKENIZER = "tokenizer.json";

  private DeploymentPreflight() {}

  /**
   * Checks the files of every model that is on this machine, and that it can be cut over its ranks;
   * of models that would be fetched it says so.
   *
   * @param hub where models are fetched from and kept
   * @return one line for each model
   * @throws ServingException {@code INVALID_MODEL} or {@code INVALID_CONFIGURATION} whose text
   *     names the model, the file or key, and the reason
   */
  public static List<String> check(List<LlmConfig> configs, HubSettings hub) {
    List<String> lines = new ArrayList<>();
    for (LlmConfig config : configs) {
      try {
        lines.add(config.modelId() + ": " + check(config, hub));
      } catch (ServingException e) {
        throw new ServingException(e.code(), "Model [" + config.modelId() + "]: " + e.reason(), e);
      }
    }
    return List.copyOf(lines);
  }

  private static String check(LlmConfig config, HubSettings hub) {
    String source = config.modelLoadingConfig().modelSource();
    Optional<ModelFiles> files = ModelSource.findLocal(source, hub);
    files.ifPresent(found -> checkModel(config, found.directory()));
    checkTokenizer(config, files, hub);
    return ModelSource.describe(source, hub)
        + files.map(found -> ", " + ModelConfig.load(found.directory()).architecture()).orElse("");
  }

  private static void checkModel(LlmConfig config, Path directory) {
    ModelConfig model = ModelConfig.load(directory);
    ParallelConfig parallel = config.parallel();
    model.validate(parallel.tensorParallelSize(), parallel.pipelineParallelSize());
    config.engineKwargs().maxModelLength(model);
    checkWeights(model, directory);
    GenerationDefaults.load(directory);
  }

  private static void checkWeights(ModelConfig model, Path directory) {
    try (Checkpoint checkpoint = Checkpoint.open(directory)) {
      ModelWeights.check(model, checkpoint);
    }
  }

  /** A copy of the hub's without its tokenizer is no fault: the rest will be fetched. */
  private static void checkTokenizer(
      LlmConfig config, Optional<ModelFiles> model, HubSettings hub) {
    Optional<String> own = config.modelLoadingConfig().tokenizerSource();
    own.map(source -> ModelSource.findLocalTokenizer(source, hub))
        .orElse(model)
        .filter(found -> found.revision() == null || found.file(TOKENIZER).isPresent())
        .ifPresent(found -> loadTokenizer(found.directory()));
  }

  private static void loadTokenizer(Path directory) {
    HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(directory);
    try {
      ChatTemplates.load(directory, tokenizer);
    } finally {
      tokenizer.close();
    }
  }
}
