package io.phalanx.llm.layers;

import io.phalanx.llm.weights.Checkpoint;
import io.phalanx.runtime.collective.ProcessGroup;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * What a layer needs to load its shard and to compute.
 *
 * @param weights of the whole model
 * @param group the ranks that share each layer
 * @param kernels how this rank computes
 * @param owner gets what the layers keep
 */
public record LayerContext(
    Checkpoint weights, ProcessGroup group, Kernels kernels, NativeOwner owner) {

  /** Returns this rank's place among those that share each layer. */
  public int rank() {
    return group.rank();
  }

  /** Returns how many ranks share each layer. */
  public int size() {
    return group.size();
  }

  /** Returns a whole vector or matrix in the activations' type, kept. */
  Tensor replicated(String name, long... shape) {
    try (PointerScope scope = new PointerScope()) {
      Tensor tensor = weights.tensor(name, shape);
      return owner.keep(tensor.to(kernels.device(), kernels.type()).contiguous());
    }
  }

  /**
   * Returns rows of several matrices, or elements of several vectors.
   *
   * @param columns of each matrix, or 0 for vectors
   * @return views of the mapped files, of the caller's scope
   */
  List<Tensor> rows(List<RowSlice> parts, String suffix, long columns) {
    List<Tensor> cuts = new ArrayList<>();
    for (RowSlice part : parts) {
      long[] shape = columns == 0 ? new long[] {part.rows()} : new long[] {part.rows(), columns};
      cuts.add(weights.tensor(part.name() + suffix, shape).narrow(0, part.first(), part.count()));
    }
    return cuts;
  }

  /**
   * This rank's rows of one matrix.
   *
   * @param name without {@code .weight} or {@code .bias}
   * @param rows of the whole matrix
   * @param first row of this rank
   * @param count rows of this rank
   */
  record RowSlice(String name, long rows, long first, long count) {

    /** Cuts {@code rows} evenly. */
    static RowSlice even(String name, long rows, LayerContext context) {
      long count = rows / context.size();
      return new RowSlice(name, rows, count * context.rank(), count);
    }
  }
}
