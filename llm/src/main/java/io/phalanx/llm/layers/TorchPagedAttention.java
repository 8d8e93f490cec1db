package io.phalanx.llm.layers;

import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import io.phalanx.llm.layers.TorchStep.SequenceContext;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/** The attention of one layer by LibTorch's operators; see {@link TorchAttention}. */
final class TorchPagedAttention implements PagedAttention {
  private final DenseAttention dense;
  private final Heads heads;
  private final @Nullable RmsNorm queryNorm;
  private final @Nullable RmsNorm keyNorm;

  TorchPagedAttention(
      DenseAttention dense, Heads heads, @Nullable RmsNorm queryNorm, @Nullable RmsNorm keyNorm) {
    this.dense = dense;
    this.heads = heads;
    this.queryNorm = queryNorm;
    this.keyNorm = keyNorm;
  }

  @Override
  public @Nullable Tensor forward(Tensor projected, KvCache.Layer cache, ModelStep modelStep) {
    TorchStep step = TorchStep.of(modelStep);
    int numHeads = heads.numHeads();
    int numKvHeads = heads.numKvHeads();
    Tensor keys = normalized(keyNorm, cut(projected, numHeads, numKvHeads));
    write(cache.keys(), step.slots(), step.rotary().apply(keys));
    write(cache.values(), step.slots(), cut(projected, numHeads + numKvHeads, numKvHeads));
    if (!step.hasQueries()) {
      return null;
    }
    Tensor query = normalized(queryNorm, cut(projected, 0, numHeads));
    Tensor attended = attend(step.queryRows(step.rotary().apply(query)), cache, step);
    return attended.reshape(attended.size(0), (long) numHeads * heads.headDim());
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

  private static void write(Tensor cache, Tensor slots, Tensor rows) {
    cache.index_copy_(0, slots, rows.to(cache.scalar_type()));
  }

  private Tensor attend(Tensor query, KvCache.Layer cache, TorchStep step) {
    ScalarType type = query.scalar_type();
    Tensor[] results = new Tensor[step.contexts().size()];
    for (int i = 0; i < results.length; i++) {
      SequenceContext context = step.contexts().get(i);
      results[i] =
          dense.attend(
              query.narrow(0, context.firstToken(), context.numTokens()),
              context.gather(cache.keys(), type),
              context.gather(cache.values(), type));
    }
    return results.length == 1 ? results[0] : torch.cat(new TensorVector(results), 0);
  }
}
