package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.llm.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a node reads of a model besides its weights.
 *
 * @param files where it lies
 * @param config its shape
 * @param tokenizer its tokenizer; whoever loaded the model closes it
 * @param tokenizerDirectory where the tokenizer's files lie
 * @param defaults what its makers recommend
 */
record ReplicaModel(
    ModelFiles files,
    ModelConfig config,
    Tokenizer tokenizer,
    Path tokenizerDirectory,
    GenerationDefaults defaults) {

  /** Loads the model that {@code config} names; blocks while its files are fetched. */
  static ReplicaModel load(LlmConfig config, ServingEnvironment environment) {
    ModelFiles files =
        environment.models().resolve(config.modelLoadingConfig().modelSource(), text -> {});
    Optional<String> tokenizerSource = config.modelLoadingConfig().tokenizerSource();
    Path tokenizerDirectory =
        tokenizerSource
            .map(source -> environment.models().resolveTokenizer(source, text -> {}).directory())
            .orElse(files.directory());
    return new ReplicaModel(
        files,
        ModelConfig.load(files.directory()),
        environment.tokenizers().apply(tokenizerDirectory),
        tokenizerDirectory,
        GenerationDefaults.load(files.directory()));
  }
}
