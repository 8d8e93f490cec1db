package io.phalanx.llm.layers;

import io.phalanx.runtime.collective.ProcessGroup;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A linear layer whose input elements are spread over the ranks: each multiplies its own, and the
 * sum over the ranks is the output of all.
 */
public final class RowParallelLinear {
  private final Linear linear;
  private final ProcessGroup group;

  private RowParallelLinear(Linear linear, ProcessGroup group) {
    this.linear = linear;
    this.group = group;
  }

  /**
   * Loads this rank's columns; the bias is added by rank 0 alone.
   *
   * @param name without {@code .weight}
   * @param inFeatures elements of a whole input row, a multiple of the ranks
   */
  public static RowParallelLinear load(
      LayerContext context, String name, int inFeatures, int outFeatures, boolean bias) {
    try (PointerScope scope = new PointerScope()) {
      long count = inFeatures / context.size();
      Tensor weight =
          context
              .weights()
              .tensor(name + ".weight", outFeatures, inFeatures)
              .narrow(1, count * context.rank(), count);
      boolean addsBias = bias && context.rank() == 0;
      Tensor offsets = addsBias ? context.weights().tensor(name + ".bias", outFeatures) : null;
      LinearMethod method = context.kernels().linear();
      return new RowParallelLinear(
          method.prepare(List.of(weight), offsets, context.owner()), context.group());
    }
  }

  /**
   * Multiplies each row and adds up over the ranks.
   *
   * @param input {@code [T, this rank's inputs]}, contiguous
   * @return {@code [T, out]}, the same on every rank
   */
  public Tensor forward(Tensor input) {
    Tensor output = linear.forward(input);
    if (group.size() > 1) {
      group.allReduce(output);
    }
    return output;
  }
}
