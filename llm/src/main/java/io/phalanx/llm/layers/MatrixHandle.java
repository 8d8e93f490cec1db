package io.phalanx.llm.layers;

import io.phalanx.llm.layers.cpu.CpuKernels;
import io.phalanx.llm.layers.cpu.WeightType;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A matrix as the compiled kernels see it: places of rows that stay where they are.
 *
 * @param address the kernels' handle
 * @param type of the elements
 * @param rows of all places together
 * @param columns elements of a row
 */
record MatrixHandle(long address, WeightType type, long rows, long columns) {

  /**
   * Describes a matrix; {@link CpuKernels#freeMatrix} ends it.
   *
   * @param parts {@code [rows, in]} each, alive for as long as the matrix is used
   * @param bias float32, contiguous, or null; likewise
   */
  static MatrixHandle of(List<Tensor> parts, @Nullable Tensor bias) {
    WeightType type = WeightType.of(parts.get(0).scalar_type().intern());
    long columns = parts.get(0).size(1);
    long offsets = bias == null ? 0 : bias.data_ptr().address();
    long address =
        requireMemory(CpuKernels.createMatrix(type.number(), columns, offsets, parts.size()));
    long rows = 0;
    for (int i = 0; i < parts.size(); i++) {
      Tensor part = parts.get(i);
      long base = part.data_ptr().address();
      CpuKernels.setSegment(address, i, base, part.size(0), part.stride(0));
      rows += part.size(0);
    }
    return new MatrixHandle(address, type, rows, columns);
  }

  /** Returns {@code address} if it is one. */
  static long requireMemory(long address) {
    if (address == 0) {
      throw new ServingException(ErrorCode.DEVICE_OUT_OF_MEMORY, "No memory for a matrix.");
    }
    return address;
  }
}
