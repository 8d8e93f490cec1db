package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;

/** A way to attend keys and values that lie in one tensor. */
@FunctionalInterface
interface DenseAttention {

  /**
   * Attends the last {@code T} of {@code L} tokens of one sequence to all tokens up to themselves.
   *
   * <p>Letters: {@code H} query heads, {@code K} key/value heads (a divisor of {@code H}), {@code
   * D} head size.
   *
   * @param query {@code [T, H, D]}, the rank's activation type and device
   * @param keys {@code [L, K, D]}, likewise, {@code L >= T}, any strides
   * @param values {@code [L, K, D]}, likewise
   * @return {@code [T, H, D]}, same type and device; of the caller's scope
   */
  Tensor attend(Tensor query, Tensor keys, Tensor values);
}
