package io.phalanx.runtime.collective;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;

/** A process group whose ranks first bring together what all have and then each compute with it. */
abstract class GatheringProcessGroup implements ProcessGroup {
  private final int rank;
  private final int size;

  GatheringProcessGroup(GroupSpec spec, int rank) {
    this.rank = rank;
    this.size = spec.size();
  }

  /**
   * Returns {@code [size, elements]}: the flat tensors of all ranks, on the CPU.
   *
   * @param flat this rank's, on the CPU
   * @param what is waited for, for the error text
   */
  abstract Tensor gather(Tensor flat, String what);

  @Override
  public final int rank() {
    return rank;
  }

  @Override
  public final int size() {
    return size;
  }

  @Override
  public void allReduce(Tensor tensor) {
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      Tensor all = gather(onCpu(tensor).view(-1), "all ranks in all-reduce");
      Tensor total = all.select(0, 0);
      for (int other = 1; other < size; other++) {
        total.add_(all.select(0, other));
      }
      tensor.view(-1).copy_(total);
    }
  }

  @Override
  public final Tensor allGatherColumns(Tensor tensor) {
    long rows = tensor.size(0);
    long columns = tensor.size(1);
    Tensor gathered = tensor.new_empty(rows, size * columns);
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      Tensor all = gather(onCpu(tensor).view(-1), "all ranks in all-gather");
      Tensor byRow = all.view(size, rows, columns).permute(1, 0, 2);
      gathered.view(rows, size, columns).copy_(byRow);
    }
    return gathered;
  }

  static Tensor onCpu(Tensor tensor) {
    return tensor.is_cuda() ? tensor.cpu() : tensor;
  }
}
