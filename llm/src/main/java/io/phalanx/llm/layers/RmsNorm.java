package io.phalanx.llm.layers;

import org.bytedeco.pytorch.Tensor;

/** Division by the root mean square over the last dimension, then a weight for each element. */
public final class RmsNorm {
  private final Tensor weight;
  private final double epsilon;
  private final ElementwiseMethod method;

  RmsNorm(Tensor weight, double epsilon, ElementwiseMethod method) {
    this.weight = weight;
    this.epsilon = epsilon;
    this.method = method;
  }

  /** Loads {@code name + ".weight"}, whole on every rank. */
  public static RmsNorm load(LayerContext context, String name, int size, double epsilon) {
    Tensor weight = context.replicated(name + ".weight", size);
    return new RmsNorm(weight, epsilon, context.kernels().elementwise());
  }

  /** Returns the weights, {@code [size]}, activation type. */
  public Tensor weight() {
    return weight;
  }

  /** Returns what is added to the mean square. */
  public double epsilon() {
    return epsilon;
  }

  /**
   * Normalizes.
   *
   * @param input {@code [.., size]}, activation type, contiguous
   * @return the same shape and type, contiguous
   */
  public Tensor forward(Tensor input) {
    return method.rmsNorm(input, this);
  }

  /**
   * Adds {@code residual} to {@code input}, which becomes the sum, and normalizes the sum.
   *
   * @param input {@code [rows, size]}, activation type, contiguous; changed
   * @param residual likewise; not changed
   * @return the same shape and type, contiguous
   */
  public Tensor addAndForward(Tensor input, Tensor residual) {
    return method.addAndNorm(input, residual, this);
  }
}
