package io.phalanx.llm.models;

import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.LayerContext;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.RmsNorm;
import org.bytedeco.pytorch.Tensor;

/** One decoder layer: attention, then a gated feed-forward block, each over a normalized input. */
final class DecoderLayer {
  private final RmsNorm inputNorm;
  private final SelfAttention attention;
  private final FeedForward feedForward;

  /** Loads the layer whose tensors' names start with {@code prefix}. */
  DecoderLayer(LayerContext context, ModelConfig config, String prefix) {
    this.inputNorm =
        RmsNorm.load(
            context, prefix + "input_layernorm", config.hiddenSize(), config.rmsNormEpsilon());
    this.attention = new SelfAttention(context, config, prefix + "self_attn.");
    this.feedForward = new FeedForward(context, config, prefix);
  }

  /**
   * Runs the layer.
   *
   * @param hidden {@code [T, hidden]}; not changed
   * @param left how many of the last rows do not pass the feed-forward block
   * @return {@code [Q, hidden]} for the step's {@code Q} queries, which are all rows but in the
   *     last layer
   */
  Tensor forward(Tensor hidden, KvCache.Layer cache, ModelStep step, long left) {
    Tensor attended = attention.forward(inputNorm.forward(hidden), cache, step);
    if (attended == null) {
      return hidden.narrow(0, 0, 0);
    }
    feedForward.apply(attended, step.queryRows(hidden), attended.size(0) - left);
    return attended;
  }
}
