package io.phalanx.llm.hub;

import java.util.Set;

/** Which files of a model are wanted. */
enum ModelParts {
  /** All that serving needs. */
  ALL,
  /** The tokenizer and the chat template only. */
  TOKENIZER;

  private static final Set<String> TOKENIZER_FILES =
      Set.of(
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "chat_template.jinja");
  private static final Set<String> CONFIGURATION_FILES =
      Set.of("config.json", "generation_config.json", HubCache.INDEX);

  /** Returns the configuration key that says where they are. */
  String key() {
    return this == ALL ? "model-source" : "tokenizer-source";
  }

  /** Returns whether a file other than weights is wanted. */
  boolean wants(String name) {
    return TOKENIZER_FILES.contains(name) || (this == ALL && CONFIGURATION_FILES.contains(name));
  }
}
