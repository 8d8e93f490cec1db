package io.phalanx.llm.serving;

import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.engine.EngineSettings;
import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.llm.tokenizer.ChatTemplate;
import io.phalanx.llm.tokenizer.ChatTemplates;
import io.phalanx.llm.tokenizer.HuggingFaceTokenizer;
import io.phalanx.llm.tokenizer.Tokenizer;
import io.phalanx.runtime.error.ServingException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a node reads of a model besides its weights.
 *
 * @param files where it lies
 * @param config its shape
 * @param tokenizer its tokenizer; whoever loaded the model closes it
 * @param template its chat template, if it has one
 * @param defaults what its makers recommend
 */
record ReplicaModel(
    ModelFiles files,
    ModelConfig config,
    Tokenizer tokenizer,
    Optional<ChatTemplate> template,
    GenerationDefaults defaults) {

  /** Loads the model that {@code config} names; blocks while its files are fetched. */
  static ReplicaModel load(LlmConfig config, ServingEnvironment environment) {
    ModelFiles files =
        environment.models().resolve(config.modelLoadingConfig().modelSource(), text -> {});
    ModelConfig model = ModelConfig.load(files.directory());
    config.engineKwargs().maxModelLength(model);
    Path tokenizerDirectory =
        config
            .modelLoadingConfig()
            .tokenizerSource()
            .map(source -> environment.models().resolveTokenizer(source, text -> {}).directory())
            .orElse(files.directory());
    GenerationDefaults defaults = GenerationDefaults.load(files.directory());
    Tokenizer tokenizer = environment.tokenizers().apply(tokenizerDirectory);
    try {
      return new ReplicaModel(
          files, model, tokenizer, template(tokenizerDirectory, tokenizer), defaults);
    } catch (ServingException e) {
      tokenizer.close();
      throw e;
    }
  }

  private static Optional<ChatTemplate> template(Path directory, Tokenizer tokenizer) {
    return tokenizer instanceof HuggingFaceTokenizer huggingFace
        ? ChatTemplates.load(directory, huggingFace)
        : Optional.empty();
  }

  /**
   * Returns the sizes of an engine of the model; a length that nobody asked for gives way to the
   * blocks that there are.
   */
  EngineSettings engineSettings(EngineKwargs kwargs, int numBlocks) {
    int wanted = kwargs.maxModelLength(config);
    int capacity = (int) Math.min(Integer.MAX_VALUE, (long) numBlocks * kwargs.blockSize());
    int length = kwargs.maxModelLength().isPresent() ? wanted : Math.min(wanted, capacity);
    return new EngineSettings(
        kwargs.blockSize(),
        numBlocks,
        kwargs.maxNumBatchedTokens(),
        kwargs.maxNumSequences(),
        length,
        kwargs.enableChunkedPrefill(),
        kwargs.parallel().pipelineParallelSize(),
        config.vocabSize(),
        kwargs.enablePrefixCaching(),
        kwargs.stepLatency(),
        kwargs.schedulingPolicy());
  }
}
