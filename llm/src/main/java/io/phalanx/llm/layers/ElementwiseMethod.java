package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;

/**
 * A way to compute what lies between the matrices of a decoder; {@link Kernels} chooses one for
 * each device.
 *
 * <p>Tensors have the rank's device and, unless said otherwise, activation type; they are
 * contiguous, and results are of the caller's scope. No row depends on another.
 */
public interface ElementwiseMethod {

  /**
   * Normalizes rows.
   *
   * @param input {@code [.., size]}
   * @return the same shape
   */
  Tensor rmsNorm(Tensor input, RmsNorm norm);

  /**
   * Adds {@code residual} to {@code input}, which becomes the sum, and normalizes the sum.
   *
   * @param input {@code [rows, size]}, changed
   * @param residual the same shape
   * @return the same shape
   */
  Tensor addAndNorm(Tensor input, Tensor residual, RmsNorm norm);

  /**
   * Adds {@code summand} to {@code sum}.
   *
   * @param sum any shape, changed
   * @param summand the same shape
   * @return {@code sum}
   */
  Tensor add(Tensor sum, Tensor summand);

  /**
   * Computes {@code silu(gate) * up}.
   *
   * @param gateAndUp {@code [T, 2 n]}: gate, then up
   * @return {@code [T, n]}
   */
  Tensor siluAndMul(Tensor gateAndUp);

  /**
   * Looks up the rows of a step's tokens in a part of the embedding.
   *
   * @param table {@code [rows, n]}, any float type
   * @param firstRow the token of the part's first row
   * @return {@code [T, n]}, zeros for tokens outside of the part
   */
  Tensor embed(Tensor table, long firstRow, ModelStep step);

  /**
   * Finds the likeliest token of each row, the first of equals.
   *
   * @param logits {@code [R, vocab]}, float32
   */
  int[] argmax(Tensor logits);
}
