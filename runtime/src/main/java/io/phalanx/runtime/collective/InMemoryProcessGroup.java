package io.phalanx.runtime.collective;

import io.phalanx.runtime.error.ServingException;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The process group of ranks that are threads of one JVM.
 *
 * <p>A small sum is of copies: each rank shows its own, waits once for the others' and adds them
 * all. A large one is cut into a slice for each rank, which it sums into everybody's tensor. Either
 * way the elements are added in rank order, so that every rank gets the same bits. Tensors on
 * different CUDA devices are copied over for the sum.
 */
final class InMemoryProcessGroup implements ProcessGroup {
  /** Elements from which on the ranks share the work of a sum. */
  private static final long SHARED_ELEMENTS = 8192;

  private static final String ALL_REDUCE = "all-reduce";
  private static final String ALL_GATHER = "all-gather";

  private final InMemoryGroup group;
  private final int rank;

  /** This rank's copies of the last two operations, of which the others may still read. */
  private final float[][] copies = {{}, {}};

  private final FloatSum sum = new FloatSum();
  private long operation;

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
    operation++;
    long elements = tensor.numel();
    if (elements < SHARED_ELEMENTS && Ranks.isFloatOnCpu(tensor)) {
      sumCopies(tensor, (int) elements);
    } else {
      sumSlices(tensor, elements);
    }
  }

  private void sumCopies(Tensor tensor, int elements) {
    FloatPointer data = tensor.data_ptr_float();
    float[] own = copy(elements);
    data.get(own, 0, elements);
    group.bring(operation, rank, Contribution.copied(ALL_REDUCE, elements, own));
    meet(ALL_REDUCE);
    group.requireSame(operation);
    sum.start(group.brought(operation, 0).values(), elements);
    for (int other = 1; other < size(); other++) {
      sum.add(group.brought(operation, other).values(), elements);
    }
    data.put(sum.total(), 0, elements);
  }

  private float[] copy(int elements) {
    int which = (int) (operation % 2);
    if (copies[which].length < elements) {
      copies[which] = new float[elements];
    }
    return copies[which];
  }

  private void sumSlices(Tensor tensor, long elements) {
    group.bring(operation, rank, Contribution.shared(ALL_REDUCE, tensor));
    meet(ALL_REDUCE);
    group.requireSame(operation);
    long slice = (elements + size() - 1) / size();
    long start = Math.min(elements, rank * slice);
    sumIntoAll(start, Math.min(slice, elements - start));
    meet(ALL_REDUCE);
    group.takeBack(operation, rank);
  }

  /** Sums flattened elements in rank order into every rank's tensor. */
  private void sumIntoAll(long start, long count) {
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      Tensor total = shared(0).view(-1).narrow(0, start, count);
      for (int other = 1; other < size(); other++) {
        Tensor addend = shared(other).view(-1).narrow(0, start, count);
        total.add_(total.is_cuda() ? addend.to(total.device(), total.scalar_type()) : addend);
      }
      for (int other = 1; other < size(); other++) {
        shared(other).view(-1).narrow(0, start, count).copy_(total);
      }
    }
  }

  @Override
  public Tensor allGatherColumns(Tensor tensor) {
    operation++;
    group.bring(operation, rank, Contribution.shared(ALL_GATHER, tensor));
    meet(ALL_GATHER);
    group.requireSame(operation);
    Tensor gathered = concatenate();
    meet(ALL_GATHER);
    group.takeBack(operation, rank);
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
    try {
      group.put(rank, destination, copy);
    } catch (ServingException e) {
      copy.releaseReference();
      throw e;
    }
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
  public boolean isWaiting() {
    return group.isWaiting(rank);
  }

  @Override
  public void abort(String reason) {
    group.abort(reason);
  }

  @Override
  public void close() {
    group.leave(rank);
  }

  private void meet(String what) {
    group.meet(rank, "all ranks in " + what);
  }

  private Tensor shared(int of) {
    return group.brought(operation, of).tensor();
  }

  /** Returns the ranks' columns side by side, on the device of this rank. */
  private Tensor concatenate() {
    try (InferenceMode mode = new InferenceMode(true);
        TensorVector parts = new TensorVector()) {
      Ranks.keep(mode);
      Tensor own = shared(rank);
      for (int other = 0; other < size(); other++) {
        Tensor part = shared(other);
        parts.push_back(part.is_cuda() ? part.to(own.device(), own.scalar_type()) : part);
      }
      return torch.cat(parts, 1);
    }
  }
}
