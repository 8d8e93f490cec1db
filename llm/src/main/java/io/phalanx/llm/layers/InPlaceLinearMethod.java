package io.phalanx.llm.layers;

import io.phalanx.llm.layers.cpu.ComputePool;
import io.phalanx.llm.layers.cpu.CpuIsa;
import io.phalanx.llm.layers.cpu.CpuKernels;
import io.phalanx.llm.layers.cpu.WeightType;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The compiled product of float32 rows with weights that are read where they lie, such as in a
 * mapped file: nothing is copied or packed. Nothing is rounded but sums in float32, and activations
 * if {@code rounding} is chosen. A row's result does not depend on the other rows. CPU only.
 */
final class InPlaceLinearMethod implements LinearMethod {
  private final ComputePool pool;
  private final boolean rounding;

  /**
   * Creates the method.
   *
   * @param pool that computes; open for as long as the products are used
   * @param rounding whether activations are rounded to bfloat16 where that is faster
   */
  InPlaceLinearMethod(ComputePool pool, boolean rounding) {
    this.pool = pool;
    this.rounding = rounding && pool.isa() == CpuIsa.AVX512BF16;
  }

  @Override
  public Linear prepare(List<Tensor> parts, @Nullable Tensor bias, NativeOwner owner) {
    Tensor offsets = bias == null ? null : owner.keep(bias.to(ScalarType.Float).contiguous());
    parts.forEach(owner::keep);
    MatrixHandle matrix = MatrixHandle.of(parts, offsets);
    owner.onClose(() -> CpuKernels.freeMatrix(matrix.address()));
    long address = matrix.address();
    CompiledLinear.Product product =
        rounding && matrix.type() == WeightType.BF16
            ? (x, m, y) -> CpuKernels.multiplyRounded(pool.address(), address, x, m, y)
            : (x, m, y) -> CpuKernels.multiply(pool.address(), address, x, m, y);
    return new CompiledLinear(matrix.columns(), matrix.rows(), pool, product);
  }
}
