package io.phalanx.llm.layers.cpu;

import io.phalanx.llm.layers.KvCache;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.PagedAttention;
import io.phalanx.llm.layers.QkvParallelLinear.Heads;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The attention of one layer by compiled kernels; see {@link CompiledAttention}. */
final class CompiledPagedAttention implements PagedAttention {
  private final ComputePool pool;
  private final long outputSize;
  private final long layer;

  /**
   * Creates the layer.
   *
   * @param layer {@code struct phx_layer}
   */
  CompiledPagedAttention(ComputePool pool, Heads heads, Tensor layer) {
    this.pool = pool;
    this.outputSize = (long) heads.numHeads() * heads.headDim();
    this.layer = layer.data_ptr().address();
  }

  @Override
  public @Nullable Tensor forward(Tensor projected, KvCache.Layer cache, ModelStep modelStep) {
    CompiledStep step = CompiledStep.of(modelStep);
    long rows = projected.data_ptr().address();
    long keys = cache.keys().data_ptr().address();
    long values = cache.values().data_ptr().address();
    CpuKernels.rotateAndWrite(
        pool.address(),
        layer,
        keys,
        values,
        rows,
        step.numTokens(),
        step.slots(),
        step.cosines(),
        step.sines());
    return step.hasQueries() ? attend(rows, keys, values, step) : null;
  }

  private Tensor attend(long rows, long keys, long values, CompiledStep step) {
    Tensor output = pool.empty(step.numQueries(), outputSize);
    int failed =
        CpuKernels.attend(
            pool.address(),
            layer,
            keys,
            values,
            rows,
            step.spans(),
            step.numSpans(),
            step.tables(),
            output.data_ptr().address());
    if (failed != 0) {
      throw new ServingException(
          ErrorCode.DEVICE_OUT_OF_MEMORY,
          "No memory for the attention of " + step.numQueries() + " queries.");
    }
    return output;
  }
}
