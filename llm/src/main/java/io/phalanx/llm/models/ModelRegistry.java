package io.phalanx.llm.models;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The model architectures that can be served. All are one decoder ({@link DecoderLm}) that differs
 * by the flags here and by what {@code config.json} says.
 */
enum ModelRegistry {
  LLAMA("LlamaForCausalLM", false, false),
  QWEN2("Qwen2ForCausalLM", true, false),
  QWEN3("Qwen3ForCausalLM", false, true),
  MISTRAL("MistralForCausalLM", false, false);

  private final String architecture;
  private final boolean qkvBias;
  private final boolean headNorm;

  ModelRegistry(String architecture, boolean qkvBias, boolean headNorm) {
    this.architecture = architecture;
    this.qkvBias = qkvBias;
    this.headNorm = headNorm;
  }

  /** Finds an architecture by its name in {@code config.json}. */
  static Optional<ModelRegistry> find(String architecture) {
    return Arrays.stream(values()).filter(a -> a.architecture.equals(architecture)).findFirst();
  }

  /** Returns the names of all architectures for an error's text. */
  static String names() {
    return Arrays.stream(values()).map(a -> a.architecture).collect(Collectors.joining(", "));
  }

  /** Returns whether query, key and value projections have a bias whatever the config says. */
  boolean qkvBias() {
    return qkvBias;
  }

  /** Returns whether queries and keys are normalized head by head. */
  boolean headNorm() {
    return headNorm;
  }
}
