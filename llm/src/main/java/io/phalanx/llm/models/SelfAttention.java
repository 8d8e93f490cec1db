package io.phalanx.llm.models;

import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.LayerContext;
import io.phalanx.llm.layers.PagedAttention;
import io.phalanx.llm.layers.QkvParallelLinear;
import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import io.phalanx.llm.layers.RmsNorm;
import io.phalanx.llm.layers.RowParallelLinear;
import io.phalanx.llm.layers.StepTensors;
import io.phalanx.llm.models.ModelConfig.AttentionConfig;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The attention of one decoder layer, over this rank's heads. */
final class SelfAttention {
  private final Heads heads;
  private final QkvParallelLinear qkv;
  private final @Nullable RmsNorm queryNorm;
  private final @Nullable RmsNorm keyNorm;
  private final PagedAttention attention;
  private final RowParallelLinear output;

  /** Loads the tensors whose names start with {@code prefix}. */
  SelfAttention(LayerContext context, ModelConfig config, String prefix) {
    AttentionConfig shape = config.attention();
    Heads all = heads(shape);
    int hidden = config.hiddenSize();
    this.heads = all.ofRank(context.size());
    this.qkv = QkvParallelLinear.load(context, prefix, all, hidden, shape.qkvBias());
    this.queryNorm = headNorm(context, config, prefix + "q_norm");
    this.keyNorm = headNorm(context, config, prefix + "k_norm");
    this.attention = new PagedAttention(context.kernels());
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
  @Nullable Tensor forward(Tensor hidden, KvCache.Layer cache, StepTensors step) {
    Tensor projected = qkv.forward(hidden);
    int numHeads = heads.numHeads();
    int numKvHeads = heads.numKvHeads();
    Tensor keys = normalized(keyNorm, cut(projected, numHeads, numKvHeads));
    Tensor values = cut(projected, numHeads + numKvHeads, numKvHeads);
    attention.write(step.rotary().apply(keys), values, cache, step);
    if (!step.hasQueries()) {
      return null;
    }
    Tensor query = normalized(queryNorm, cut(projected, 0, numHeads));
    Tensor rotated = step.queryRows(step.rotary().apply(query));
    Tensor attended = attention.attend(rotated, cache, step);
    return output.forward(attended.reshape(attended.size(0), (long) numHeads * heads.headDim()));
  }

  /**
   * Heads {@code first .. first + count - 1} of {@code [T, heads * D]} as {@code [T, count, D]}.
   */
  private Tensor cut(Tensor projected, long first, long count) {
    long headDim = heads.headDim();
    return projected
        .narrow(1, first * headDim, count * headDim)
        .view(projected.size(0), count, headDim);
  }

  private static Tensor normalized(@Nullable RmsNorm norm, Tensor headsOfRank) {
    return norm == null ? headsOfRank : norm.forward(headsOfRank);
  }
}
