package io.phalanx.llm.models;

import io.phalanx.llm.layers.ColumnParallelLinear;
import io.phalanx.llm.layers.ElementwiseMethod;
import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.LayerContext;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.RmsNorm;
import io.phalanx.llm.layers.RowParallelLinear;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** One decoder layer: attention, then a gated feed-forward block, each over a normalized input. */
final class DecoderLayer {
  /**
   * Rows that pass the feed-forward block at a time: its tensors are the largest of a step, several
   * hundred megabytes for a long prompt, and reading its weights again costs these rows little.
   */
  private static final long ROWS_TOGETHER = 512;

  private final RmsNorm inputNorm;
  private final SelfAttention attention;
  private final RmsNorm postAttentionNorm;
  private final ColumnParallelLinear gateAndUp;
  private final RowParallelLinear down;
  private final ElementwiseMethod elementwise;

  /** Loads the layer whose tensors' names start with {@code prefix}. */
  DecoderLayer(LayerContext context, ModelConfig config, String prefix) {
    int hidden = config.hiddenSize();
    int intermediate = config.intermediateSize();
    double epsilon = config.rmsNormEpsilon();
    boolean bias = config.mlpBias();
    this.inputNorm = RmsNorm.load(context, prefix + "input_layernorm", hidden, epsilon);
    this.attention = new SelfAttention(context, config, prefix + "self_attn.");
    this.postAttentionNorm =
        RmsNorm.load(context, prefix + "post_attention_layernorm", hidden, epsilon);
    List<String> names = List.of(prefix + "mlp.gate_proj", prefix + "mlp.up_proj");
    this.gateAndUp = ColumnParallelLinear.load(context, names, hidden, intermediate, bias);
    this.down =
        RowParallelLinear.load(context, prefix + "mlp.down_proj", intermediate, hidden, bias);
    this.elementwise = context.kernels().elementwise();
  }

  /**
   * Runs the layer.
   *
   * @param hidden {@code [T, hidden]}; not changed
   * @return {@code [Q, hidden]} for the step's {@code Q} queries, which are all rows but in the
   *     last layer
   */
  Tensor forward(Tensor hidden, KvCache.Layer cache, ModelStep step) {
    Tensor attended = attention.forward(inputNorm.forward(hidden), cache, step);
    if (attended == null) {
      return hidden.narrow(0, 0, 0);
    }
    Tensor normalized = postAttentionNorm.addAndForward(attended, step.queryRows(hidden));
    for (long first = 0; first < attended.size(0); first += ROWS_TOGETHER) {
      long rows = Math.min(ROWS_TOGETHER, attended.size(0) - first);
      addFeedForward(attended.narrow(0, first, rows), normalized.narrow(0, first, rows));
    }
    return attended;
  }

  private void addFeedForward(Tensor sum, Tensor normalized) {
    try (Tensor gated = gate(normalized);
        Tensor result = down.forward(gated)) {
      elementwise.add(sum, result);
    }
  }

  private Tensor gate(Tensor normalized) {
    try (Tensor gateAndUpRows = gateAndUp.forward(normalized)) {
      return elementwise.siluAndMul(gateAndUpRows);
    }
  }
}
