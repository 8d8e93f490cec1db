package io.phalanx.llm.models;

import io.phalanx.llm.layers.ColumnParallelLinear;
import io.phalanx.llm.layers.ElementwiseMethod;
import io.phalanx.llm.layers.LayerContext;
import io.phalanx.llm.layers.RmsNorm;
import io.phalanx.llm.layers.RowParallelLinear;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The second half of a decoder layer: a gated feed-forward block over a normalized input. */
final class FeedForward {
  /**
   * Rows that pass the block at a time: its tensors are the largest of a step, several hundred
   * megabytes for a long prompt, and reading its weights again costs these rows little.
   */
  private static final long ROWS_TOGETHER = 512;

  private final RmsNorm norm;
  private final ColumnParallelLinear gateAndUp;
  private final RowParallelLinear down;
  private final ElementwiseMethod elementwise;

  /** Loads the block of the layer whose tensors' names start with {@code prefix}. */
  FeedForward(LayerContext context, ModelConfig config, String prefix) {
    int hidden = config.hiddenSize();
    int intermediate = config.intermediateSize();
    boolean bias = config.mlpBias();
    this.norm =
        RmsNorm.load(context, prefix + "post_attention_layernorm", hidden, config.rmsNormEpsilon());
    List<String> names = List.of(prefix + "mlp.gate_proj", prefix + "mlp.up_proj");
    this.gateAndUp = ColumnParallelLinear.load(context, names, hidden, intermediate, bias);
    this.down =
        RowParallelLinear.load(context, prefix + "mlp.down_proj", intermediate, hidden, bias);
    this.elementwise = context.kernels().elementwise();
  }

  /**
   * Adds {@code residual} to {@code attended}, and to the first rows of the sum what the block
   * makes of them.
   *
   * @param attended {@code [Q, hidden]}, contiguous; changed
   * @param residual likewise; not changed
   * @param count how many rows pass the block
   */
  void apply(Tensor attended, Tensor residual, long count) {
    add(attended, norm.addAndForward(attended, residual), count);
  }

  /**
   * Adds to rows what the block makes of them.
   *
   * @param sums {@code [rows, hidden]}, contiguous, residual included; changed
   */
  void apply(Tensor sums) {
    add(sums, norm.forward(sums), sums.size(0));
  }

  private void add(Tensor sums, Tensor normalized, long count) {
    for (long first = 0; first < count; first += ROWS_TOGETHER) {
      long rows = Math.min(ROWS_TOGETHER, count - first);
      addTogether(sums.narrow(0, first, rows), normalized.narrow(0, first, rows));
    }
  }

  private void addTogether(Tensor sums, Tensor normalized) {
    try (Tensor gated = gate(normalized);
        Tensor result = down.forward(gated)) {
      elementwise.add(sums, result);
    }
  }

  private Tensor gate(Tensor normalized) {
    try (Tensor gateAndUpRows = gateAndUp.forward(normalized)) {
      return elementwise.siluAndMul(gateAndUpRows);
    }
  }
}
