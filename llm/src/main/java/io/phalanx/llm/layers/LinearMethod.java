package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** A way to store and multiply matrices; {@link Kernels} chooses one for each device. */
@FunctionalInterface
public interface LinearMethod {

  /**
   * Lays out one matrix.
   *
   * @param weight {@code [out, in]}, float32, float16 or bfloat16 on the CPU, perhaps mapped from a
   *     file; not kept unless it is kept with {@code owner}
   * @param bias {@code [out]}, likewise, or null
   * @param owner gets whatever the result needs
   */
  Linear prepare(Tensor weight, @Nullable Tensor bias, NativeOwner owner);
}
