package io.phalanx.llm.layers;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** A way to store and multiply matrices; {@link Kernels} chooses one for each device. */
@FunctionalInterface
public interface LinearMethod {

  /**
   * Makes the product with one matrix, whose rows may lie in several places.
   *
   * @param parts at least one {@code [rows, in]}, one below the other; float32, float16 or bfloat16
   *     on the CPU, all of one type, elements of a row next to each other; perhaps mapped from a
   *     file; not kept unless they are kept with {@code owner}
   * @param bias {@code [out]}, likewise, or null
   * @param owner gets whatever the result needs
   */
  Linear prepare(List<Tensor> parts, @Nullable Tensor bias, NativeOwner owner);

  /** Returns the parts as one tensor, copied if there are several; of the caller's scope. */
  static Tensor joined(List<Tensor> parts) {
    return parts.size() == 1
        ? parts.get(0)
        : torch.cat(new TensorVector(parts.toArray(new Tensor[0])), 0);
  }
}
