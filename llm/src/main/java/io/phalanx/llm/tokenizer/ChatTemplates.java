package io.phalanx.llm.tokenizer;

import java.nio.file.Path;
import java.util.Optional;

/** Finds and loads the chat template of a model. */
public final class ChatTemplates {

  private ChatTemplates() {}

  /**
   * Loads {@code chat_template.jinja} or the {@code chat_template} of {@code tokenizer_config.json}
   * from a model's directory.
   *
   * @return empty if the model has none (a base model)
   * @throws io.phalanx.runtime.error.ServingException {@code INVALID_MODEL} if the template cannot
   *     be parsed
   */
  public static Optional<ChatTemplate> load(Path directory, HuggingFaceTokenizer tokenizer) {
    return Optional.empty();
  }
}
