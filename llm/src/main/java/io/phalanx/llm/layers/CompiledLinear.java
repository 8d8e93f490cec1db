package io.phalanx.llm.layers;

import io.phalanx.llm.layers.cpu.ComputePool;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.bytedeco.pytorch.Tensor;

/** A product that a compiled kernel computes. */
final class CompiledLinear implements Linear {
  private final long inFeatures;
  private final long outFeatures;
  private final ComputePool pool;
  private final Product product;

  /** The kernel with its matrix. */
  @FunctionalInterface
  interface Product {
    /**
     * Multiplies.
     *
     * @param x address of {@code [rows, in]} float32
     * @param y address of {@code [rows, out]} float32, written
     * @return 0, or 1 if there is no memory
     */
    int multiply(long x, long rows, long y);
  }

  CompiledLinear(long inFeatures, long outFeatures, ComputePool pool, Product product) {
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.pool = pool;
    this.product = product;
  }

  @Override
  public Tensor forward(Tensor input) {
    if (input.dim() != 2 || input.size(1) != inFeatures || !input.is_contiguous()) {
      throw new IllegalArgumentException("input is not [rows, " + inFeatures + "], contiguous");
    }
    long rows = input.size(0);
    Tensor output = pool.empty(rows, outFeatures);
    if (rows == 0) {
      return output; // a tensor without elements has no address
    }
    if (product.multiply(input.data_ptr().address(), rows, output.data_ptr().address()) != 0) {
      throw new ServingException(
          ErrorCode.DEVICE_OUT_OF_MEMORY, "No memory for a product of " + rows + " rows.");
    }
    return output;
  }
}
