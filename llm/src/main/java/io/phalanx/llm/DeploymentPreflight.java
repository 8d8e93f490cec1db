package io.phalanx.llm;

import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.hub.ModelSource;
import io.phalanx.llm.hub.ProgressListener;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.llm.weights.Checkpoint;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The checks of models that need no cluster, no network and no weights in memory. */
public final class DeploymentPreflight {
  private static final String TOKENIZER = "tokenizer.json";

  private DeploymentPreflight() {}

  /**
   * Checks the files of every model that is on this machine, and that it can be cut over its ranks;
   * of models that would be fetched it says so.
   *
   * @return one line for each model
   * @throws ServingException {@code INVALID_MODEL} or {@code INVALID_CONFIGURATION} whose text
   *     names the model, the file or key, and the reason
   */
  public static List<String> check(List<LlmConfig> configs) {
    HubSettings hub = HubSettings.ofEnvironment();
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
    Optional<Path> directory = localDirectory(source, hub);
    if (directory.isEmpty()) {
      return ModelSource.describe(source, hub);
    }
    ModelConfig model = ModelConfig.load(directory.get());
    ParallelConfig parallel = config.parallel();
    model.validate(parallel.tensorParallelSize(), parallel.pipelineParallelSize());
    config.engineKwargs().maxModelLength(model);
    Checkpoint.open(directory.get()).close();
    checkTokenizer(config, directory.get(), hub);
    return ModelSource.describe(source, hub) + ", " + model.architecture();
  }

  private static void checkTokenizer(LlmConfig config, Path modelDirectory, HubSettings hub) {
    Optional<Path> directory =
        config
            .modelLoadingConfig()
            .tokenizerSource()
            .map(source -> localDirectory(source, hub))
            .orElse(Optional.of(modelDirectory));
    if (directory.isPresent() && !Files.isRegularFile(directory.get().resolve(TOKENIZER))) {
      throw new ServingException(
          ErrorCode.INVALID_MODEL, directory.get().resolve(TOKENIZER) + " is missing.");
    }
  }

  /** Returns where the files lie; empty if they would have to be fetched. */
  private static Optional<Path> localDirectory(String source, HubSettings hub) {
    if (!source.equals("embedded") && !Files.isDirectory(Path.of(source))) {
      return Optional.empty();
    }
    ModelFiles files = ModelSource.resolve(source, hub, ProgressListener.NONE);
    return Optional.of(files.directory());
  }
}
