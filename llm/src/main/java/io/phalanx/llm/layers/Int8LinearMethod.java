package io.phalanx.llm.layers;

import io.phalanx.llm.layers.cpu.ComputePool;
import io.phalanx.llm.layers.cpu.CpuKernels;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The compiled product of rows rounded to 8 bits, with a scale for each row, and weights rounded to
 * 8 bits, with a scale for each output. Products are summed in integers, exactly, so a row's result
 * does not depend on the other rows. CPU only.
 */
final class Int8LinearMethod implements LinearMethod {
  private final ComputePool pool;

  /**
   * Creates the method.
   *
   * @param pool that rounds the weights and computes; open for as long as the products are used
   */
  Int8LinearMethod(ComputePool pool) {
    this.pool = pool;
  }

  @Override
  public Linear prepare(List<Tensor> parts, @Nullable Tensor bias, NativeOwner owner) {
    Tensor offsets = bias == null ? null : owner.keep(bias.to(ScalarType.Float).contiguous());
    MatrixHandle source = MatrixHandle.of(parts, offsets);
    long created = CpuKernels.createInt8Matrix(pool.address(), source.address());
    CpuKernels.freeMatrix(source.address());
    long matrix = MatrixHandle.requireMemory(created);
    owner.onClose(() -> CpuKernels.freeInt8Matrix(matrix));
    return new CompiledLinear(
        source.columns(),
        source.rows(),
        pool,
        (x, m, y) -> CpuKernels.multiplyInt8(pool.address(), matrix, x, m, y));
  }
}
