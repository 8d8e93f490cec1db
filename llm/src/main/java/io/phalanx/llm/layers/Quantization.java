package io.phalanx.llm.layers;

/** How weights are stored and multiplied; names are vLLM's. */
public enum Quantization {
  /** As the checkpoint has them. */
  NONE,
  /**
   * Weights in 8 bits with a scale for each output, activations in 8 bits with a scale for each
   * token; made while loading.
   */
  INT8
}
