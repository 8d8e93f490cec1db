package io.phalanx.llm.layers;

import io.phalanx.llm.layers.LayerContext.RowSlice;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A linear layer whose output elements are spread over the ranks: each computes its own from the
 * whole input, without an exchange. Several matrices over the same input are one product.
 */
public final class ColumnParallelLinear {
  private final Linear linear;

  private ColumnParallelLinear(Linear linear) {
    this.linear = linear;
  }

  /**
   * Loads this rank's share of several equal matrices, such as gate and up projection.
   *
   * @param names without {@code .weight}
   * @param inFeatures elements of an input row
   * @param outFeatures elements that each whole matrix makes, a multiple of the ranks
   */
  public static ColumnParallelLinear load(
      LayerContext context, List<String> names, int inFeatures, int outFeatures, boolean bias) {
    List<RowSlice> parts =
        names.stream().map(name -> RowSlice.even(name, outFeatures, context)).toList();
    return load(context, parts, inFeatures, bias);
  }

  static ColumnParallelLinear load(
      LayerContext context, List<RowSlice> parts, int inFeatures, boolean bias) {
    try (PointerScope scope = new PointerScope()) {
      List<Tensor> weights = context.rows(parts, ".weight", inFeatures);
      Tensor offsets = bias ? LinearMethod.joined(context.rows(parts, ".bias", 0)) : null;
      LinearMethod method = context.kernels().linear();
      return new ColumnParallelLinear(method.prepare(weights, offsets, context.owner()));
    }
  }

  /**
   * Multiplies each row.
   *
   * @param input {@code [T, in]}, the same on every rank
   * @return {@code [T, this rank's outputs]}, matrix after matrix
   */
  public Tensor forward(Tensor input) {
    return linear.forward(input);
  }
}
