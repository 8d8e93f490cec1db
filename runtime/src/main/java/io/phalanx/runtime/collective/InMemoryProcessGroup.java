package io.phalanx.runtime.collective;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The process group of ranks that are threads of one JVM: they read and write each other's tensors.
 *
 * <p>A small sum is taken by the rank that comes last, a large one is cut into a slice for each
 * rank; either way each element is added once, in rank order, and copied to all, so that every rank
 * gets the same bits. Tensors on different CUDA devices are copied over for the sum.
 */
final class InMemoryProcessGroup implements ProcessGroup {
  /** Elements from which on the ranks share the work of a sum. */
  private static final long SHARED_ELEMENTS = 32_768;

  private final InMemoryGroup group;
  private final int rank;

  private InMemoryProcessGroup(InMemoryGroup group, int rank) {
    this.group = group;
    this.rank = rank;
  }

  static InMemoryProcessGroup join(GroupSpec spec, int rank) {
    return new InMemoryProcessGroup(InMemoryGroup.join(spec, rank), rank);
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int size() {
    return group.size();
  }

  @Override
  public void allReduce(Tensor tensor) {
    if (size() == 1) {
      return;
    }
    String what = "all ranks in all-reduce";
    group.show(rank, tensor);
    long elements = tensor.numel();
    if (elements < SHARED_ELEMENTS) {
      group.meet(() -> sum(0, elements), what);
    } else {
      long slice = (elements + size() - 1) / size();
      long start = Math.min(elements, rank * slice);
      group.meet(this::requireSameShapes, what);
      sum(start, Math.min(elements, start + slice));
      group.meet(() -> {}, what);
    }
    group.hide(rank);
  }

  @Override
  public Tensor allGatherColumns(Tensor tensor) {
    String what = "all ranks in all-gather";
    group.show(rank, tensor);
    group.meet(this::requireSameShapes, what);
    Tensor gathered = concatenate();
    group.meet(() -> {}, what);
    group.hide(rank);
    return gathered;
  }

  @Override
  public void send(Tensor tensor, int destination) {
    Tensor copy;
    try (InferenceMode mode = new InferenceMode(true)) {
      Ranks.keep(mode);
      copy = tensor.clone();
      copy.retainReference();
    }
    group.put(rank, destination, copy);
  }

  @Override
  public void receive(Tensor into, int source) {
    Tensor sent = group.take(source, rank);
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      Ranks.requireSame(into, sent);
      into.copy_(sent);
    } finally {
      sent.releaseReference();
    }
  }

  @Override
  public void abort(String reason) {
    group.abort(reason);
  }

  @Override
  public void close() {
    group.leave(rank);
  }

  private void requireSameShapes() {
    for (int other = 1; other < size(); other++) {
      Ranks.requireSame(group.shown(0), group.shown(other));
    }
  }

  /** Sums the flattened elements {@code start .. end - 1} in rank order into every tensor. */
  private void sum(long start, long end) {
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      requireSameShapes();
      Tensor total = slice(0, start, end);
      for (int other = 1; other < size(); other++) {
        Tensor addend = slice(other, start, end);
        total.add_(total.is_cuda() ? addend.to(total.device(), total.scalar_type()) : addend);
      }
      for (int other = 1; other < size(); other++) {
        slice(other, start, end).copy_(total);
      }
    }
  }

  private Tensor slice(int of, long start, long end) {
    return group.shown(of).view(-1).narrow(0, start, end - start);
  }

  /** Returns the ranks' columns side by side, on the device of this rank. */
  private Tensor concatenate() {
    try (InferenceMode mode = new InferenceMode(true);
        TensorVector parts = new TensorVector()) {
      Ranks.keep(mode);
      Tensor own = group.shown(rank);
      for (int other = 0; other < size(); other++) {
        Tensor part = group.shown(other);
        parts.push_back(part.is_cuda() ? part.to(own.device(), own.scalar_type()) : part);
      }
      return torch.cat(parts, 1);
    }
  }
}
