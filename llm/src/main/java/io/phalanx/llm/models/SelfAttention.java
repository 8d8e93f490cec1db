package io.phalanx.llm.models;

import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.LayerContext;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.PagedAttention;
import io.phalanx.llm.layers.QkvParallelLinear;
import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import io.phalanx.llm.layers.RmsNorm;
import io.phalanx.llm.layers.RowParallelLinear;
import io.phalanx.llm.models.ModelConfig.AttentionConfig;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The attention of one decoder layer, over this rank's heads. */
final class SelfAttention {
  private final QkvParallelLinear qkv;
  private final PagedAttention attention;
  private final RowParallelLinear output;

  /** Loads the tensors whose names start with {@code prefix}. */
  SelfAttention(LayerContext context, ModelConfig config, String prefix) {
    AttentionConfig shape = config.attention();
    Heads all = heads(shape);
    int hidden = config.hiddenSize();
    this.qkv = QkvParallelLinear.load(context, prefix, all, hidden, shape.qkvBias());
    this.attention =
        context
            .kernels()
            .attention()
            .layer(
                all.ofRank(context.size()),
                headNorm(context, config, prefix + "q_norm"),
                headNorm(context, config, prefix + "k_norm"),
                context.owner());
    this.output =
        RowParallelLinear.load(
            context,
            prefix + "o_proj",
            shape.numHeads() * shape.headDim(),
            hidden,
            shape.outputBias());
  }

  /** Returns the heads of a layer, all ranks together. */
  static Heads heads(AttentionConfig shape) {
    return new Heads(shape.numHeads(), shape.numKvHeads(), shape.headDim());
  }

  private static @Nullable RmsNorm headNorm(LayerContext context, ModelConfig config, String name) {
    AttentionConfig shape = config.attention();
    return shape.headNorm()
        ? RmsNorm.load(context, name, shape.headDim(), config.rmsNormEpsilon())
        : null;
  }

  /**
   * Writes the step's keys and values and attends its queries.
   *
   * @param hidden {@code [T, hidden]}, normalized
   * @return {@code [Q, hidden]}, or null if the step has no queries
   */
  @Nullable Tensor forward(Tensor hidden, KvCache.Layer cache, ModelStep step) {
    Tensor attended = attention.forward(qkv.forward(hidden), cache, step);
    return attended == null ? null : output.forward(attended);
  }
}
