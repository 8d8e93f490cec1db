package io.phalanx.llm.models;

import io.phalanx.llm.models.ModelConfig.AttentionConfig;
import io.phalanx.llm.weights.Checkpoint;
import io.phalanx.runtime.error.ServingException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The tensors that a model's configuration asks for, each with its shape, as they lie in the
 * checkpoint: before they are cut for the ranks.
 */
public final class ModelWeights {
  private final ModelConfig config;
  private final Map<String, long[]> shapes = new LinkedHashMap<>();

  private ModelWeights(ModelConfig config) {
    this.config = config;
  }

  /**
   * Checks that a checkpoint has all that {@code config} asks for; reads no weight.
   *
   * @throws ServingException {@code INVALID_MODEL} whose text names the file and the tensor that is
   *     missing or has another shape or type
   */
  public static void check(ModelConfig config, Checkpoint checkpoint) {
    shapes(config).forEach(checkpoint::requireTensor);
  }

  /** Returns the shape of each tensor by its name. */
  static Map<String, long[]> shapes(ModelConfig config) {
    ModelWeights weights = new ModelWeights(config);
    weights.addEnds();
    for (int layer = 0; layer < config.numLayers(); layer++) {
      String prefix = "model.layers." + layer + ".";
      weights.addAttention(prefix + "self_attn.");
      weights.addFeedForward(prefix + "mlp.");
      weights.addNorm(prefix + "input_layernorm", config.hiddenSize());
      weights.addNorm(prefix + "post_attention_layernorm", config.hiddenSize());
    }
    return weights.shapes;
  }

  private void addEnds() {
    int vocab = config.vocabSize();
    int hidden = config.hiddenSize();
    addLinear(DecoderLm.EMBEDDING, vocab, hidden, false);
    addNorm("model.norm", hidden);
    if (!config.tieWordEmbeddings()) {
      addLinear("lm_head", vocab, hidden, false);
    }
  }

  private void addAttention(String prefix) {
    AttentionConfig attention = config.attention();
    int hidden = config.hiddenSize();
    int queries = attention.numHeads() * attention.headDim();
    int keys = attention.numKvHeads() * attention.headDim();
    addLinear(prefix + "q_proj", queries, hidden, attention.qkvBias());
    addLinear(prefix + "k_proj", keys, hidden, attention.qkvBias());
    addLinear(prefix + "v_proj", keys, hidden, attention.qkvBias());
    addLinear(prefix + "o_proj", hidden, queries, attention.outputBias());
    if (attention.headNorm()) {
      addNorm(prefix + "q_norm", attention.headDim());
      addNorm(prefix + "k_norm", attention.headDim());
    }
  }

  private void addFeedForward(String prefix) {
    int hidden = config.hiddenSize();
    int intermediate = config.intermediateSize();
    addLinear(prefix + "gate_proj", intermediate, hidden, config.mlpBias());
    addLinear(prefix + "up_proj", intermediate, hidden, config.mlpBias());
    addLinear(prefix + "down_proj", hidden, intermediate, config.mlpBias());
  }

  private void addNorm(String name, int size) {
    shapes.put(name + ".weight", new long[] {size});
  }

  private void addLinear(String name, int outFeatures, int inFeatures, boolean bias) {
    shapes.put(name + ".weight", new long[] {outFeatures, inFeatures});
    if (bias) {
      shapes.put(name + ".bias", new long[] {outFeatures});
    }
  }
}
