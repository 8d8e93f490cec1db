package io.phalanx.llm.layers.cpu;

import io.phalanx.llm.layers.ElementwiseMethod;
import io.phalanx.llm.layers.ModelStep;
import io.phalanx.llm.layers.RmsNorm;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.pytorch.Tensor;

/** What lies between the matrices, by compiled kernels; activations are float32. */
public final class CompiledElementwise implements ElementwiseMethod {
  private final ComputePool pool;

  /**
   * Creates the method.
   *
   * @param pool that computes; open for as long as the method is used
   */
  public CompiledElementwise(ComputePool pool) {
    this.pool = pool;
  }

  @Override
  public Tensor rmsNorm(Tensor input, RmsNorm norm) {
    return norm(input, 0, norm);
  }

  @Override
  public Tensor addAndNorm(Tensor input, Tensor residual, RmsNorm norm) {
    return norm(input, address(residual), norm);
  }

  private Tensor norm(Tensor input, long residual, RmsNorm norm) {
    long size = norm.weight().numel();
    Tensor output = pool.empty(input.numel() / size, size);
    CpuKernels.rmsNorm(
        pool.address(),
        address(norm.weight()),
        (int) size,
        (float) norm.epsilon(),
        input.numel() / size,
        address(input),
        residual,
        address(output));
    return output;
  }

  @Override
  public Tensor add(Tensor sum, Tensor summand) {
    CpuKernels.add(pool.address(), sum.numel(), address(sum), address(summand));
    return sum;
  }

  @Override
  public Tensor siluAndMul(Tensor gateAndUp) {
    long rows = gateAndUp.size(0);
    long size = gateAndUp.size(1) / 2;
    Tensor output = pool.empty(rows, size);
    CpuKernels.siluAndMul(pool.address(), rows, size, address(gateAndUp), address(output));
    return output;
  }

  @Override
  public Tensor embed(Tensor table, long firstRow, ModelStep step) {
    CompiledStep compiled = CompiledStep.of(step);
    return lookUp(table, firstRow, compiled.tokenIds(), compiled.numTokens());
  }

  /**
   * Looks up rows of a part of a table.
   *
   * @param table {@code [rows, n]}, float32, float16 or bfloat16, contiguous
   * @param firstRow the number of the part's first row
   * @param numbers address of {@code [count]} int32
   * @return {@code [count, n]} float32, zeros for rows that are not in the part
   */
  Tensor lookUp(Tensor table, long firstRow, long numbers, long count) {
    long size = table.size(1);
    Tensor output = pool.empty(count, size);
    CpuKernels.lookUp(
        pool.address(),
        WeightType.of(table.scalar_type().intern()).number(),
        address(table),
        firstRow,
        table.size(0),
        size,
        numbers,
        count,
        address(output));
    return output;
  }

  @Override
  public int[] argmax(Tensor logits) {
    Tensor rows = logits.contiguous();
    int[] tokens = new int[(int) rows.size(0)];
    try (IntPointer numbers = new IntPointer(tokens.length)) {
      CpuKernels.argmax(
          pool.address(), tokens.length, rows.size(1), address(rows), numbers.address());
      numbers.get(tokens);
    }
    return tokens;
  }

  private static long address(Tensor tensor) {
    return tensor.data_ptr().address();
  }
}
