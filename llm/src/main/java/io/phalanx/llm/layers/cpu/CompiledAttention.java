package io.phalanx.llm.layers.cpu;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.layers.AttentionMethod;
import io.phalanx.llm.layers.BatchLayout;
import io.phalanx.llm.layers.CacheSettings;
import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.NativeOwner;
import io.phalanx.llm.layers.PagedAttention;
import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import io.phalanx.llm.layers.RmsNorm;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Attention by compiled kernels that read keys and values where their blocks lie: nothing is
 * gathered, and a row's bits depend on its own sequence alone. {@code kv.h} and {@code attention.h}
 * describe what they read.
 *
 * @see <a href="https://arxiv.org/abs/2307.08691">Dao, FlashAttention-2 (2023)</a>
 */
public final class CompiledAttention implements AttentionMethod {
  /** The largest head that the kernels handle. */
  public static final int MAX_HEAD_DIM = 512;

  private final ComputePool pool;
  private final CacheSettings cache;
  private final CompiledElementwise elementwise;

  /**
   * Creates the method.
   *
   * @param pool that computes; open for as long as the method is used
   * @param cache anything but {@code AUTO}
   * @param elementwise of the same pool
   */
  public CompiledAttention(ComputePool pool, CacheSettings cache, CompiledElementwise elementwise) {
    this.pool = pool;
    this.cache = cache;
    this.elementwise = elementwise;
  }

  @Override
  public CacheSettings cache() {
    return cache;
  }

  @Override
  public PagedAttention layer(
      Heads heads, @Nullable RmsNorm queryNorm, @Nullable RmsNorm keyNorm, NativeOwner owner) {
    if (heads.headDim() > MAX_HEAD_DIM) {
      throw new IllegalArgumentException(
          "heads of " + heads.headDim() + " elements; at most " + MAX_HEAD_DIM);
    }
    long[] layer = {
      heads.numHeads(),
      heads.numKvHeads(),
      heads.headDim(),
      cache.blockSize(),
      storage(),
      queryNorm == null ? 0 : queryNorm.weight().data_ptr().address(),
      keyNorm == null ? 0 : keyNorm.weight().data_ptr().address(),
      Double.doubleToRawLongBits(queryNorm == null ? 0 : queryNorm.epsilon())
    };
    return new CompiledPagedAttention(pool, heads, owner.keep(torch.tensor(layer)));
  }

  /** The number of {@code enum phx_storage}. */
  private int storage() {
    return switch (cache.type()) {
      case FLOAT32 -> WeightType.F32.number();
      case FLOAT16 -> WeightType.F16.number();
      case BFLOAT16 -> WeightType.BF16.number();
      case INT16_PER_TOKEN_HEAD -> 3;
      case AUTO -> throw new IllegalStateException("no type was chosen");
    };
  }

  @Override
  public KvCache.Layer allocate(int numBlocks, Heads heads, NativeOwner owner) {
    long[] shape = {numBlocks * cache.blockShape(heads).halfBytes()};
    TensorOptions bytes = new TensorOptions(ScalarType.Byte);
    Tensor keys = owner.keep(torch.empty(shape, bytes, null));
    return new KvCache.Layer(keys, owner.keep(torch.empty(shape, bytes, null)));
  }

  @Override
  public ModelStep step(ModelInput input, Tensor inverseFrequencies) {
    BatchLayout layout = BatchLayout.of(input, cache.blockSize());
    return CompiledStep.of(layout, cache.blockSize(), inverseFrequencies, pool, elementwise);
  }
}
