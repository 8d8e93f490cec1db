package io.phalanx.llm.layers;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Division by the root mean square over the last dimension, then a weight for each element. */
public final class RmsNorm {
  private final long[] shape;
  private final TensorOptional weight;
  private final DoubleOptional epsilon;

  private RmsNorm(long[] shape, TensorOptional weight, DoubleOptional epsilon) {
    this.shape = shape;
    this.weight = weight;
    this.epsilon = epsilon;
  }

  /** Loads {@code name + ".weight"}, whole on every rank. */
  public static RmsNorm load(LayerContext context, String name, int size, double epsilon) {
    try (PointerScope scope = new PointerScope()) {
      NativeOwner owner = context.owner();
      Tensor weight = context.replicated(name + ".weight", size);
      return new RmsNorm(
          new long[] {size},
          owner.keep(new TensorOptional(weight)),
          owner.keep(new DoubleOptional(epsilon)));
    }
  }

  /**
   * Normalizes.
   *
   * @param input {@code [.., size]}, activation type
   * @return the same shape and type, contiguous
   */
  public Tensor forward(Tensor input) {
    return torch.rms_norm(input, shape, weight, epsilon);
  }
}
