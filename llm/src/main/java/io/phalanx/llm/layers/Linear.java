package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;

/** One matrix (and bias) of a rank, laid out as its {@link LinearMethod} likes it. */
@FunctionalInterface
public interface Linear {

  /**
   * Multiplies each row.
   *
   * @param input {@code [rows, in]}, the rank's activation type and device, contiguous; perhaps
   *     without rows
   * @return {@code [rows, out]}, same type and device, contiguous; of the caller's scope
   */
  Tensor forward(Tensor input);
}
