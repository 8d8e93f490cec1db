package io.phalanx.runtime.collective;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process group of ranks in several JVMs of one machine, which exchange through a mapped file.
 *
 * <p>An operation goes slot by slot: each rank brings a piece, waits for the others' and adds them
 * in rank order, so that every rank gets the same bits as in memory. Of a large piece each rank
 * sums a slice and hands it to the others. A sent tensor waits in a ring of fragments while the
 * rank computes on. Tensors on a CUDA device are taken through the CPU.
 */
final class MappedFileProcessGroup extends GatheringProcessGroup {
  /** Elements of a piece from which on the ranks share the work of its sum. */
  private static final int SHARED_ELEMENTS = 8192;

  private static final int SLOT_ELEMENTS = GroupFile.SLOT_BYTES / Float.BYTES;
  private static final String ALL_REDUCE = "all ranks in all-reduce";
  private static final Logger LOG = LoggerFactory.getLogger(MappedFileProcessGroup.class);

  private final GroupFile file;
  private final ProcessWaits waits;
  private final FloatBuffer[][] slots;
  private final Map<Integer, Mailbox> outgoing = new HashMap<>();
  private final Map<Integer, Mailbox> incoming = new HashMap<>();
  private final float[] own = new float[SLOT_ELEMENTS];
  private final float[] others = new float[SLOT_ELEMENTS];
  private final FloatSum sum = new FloatSum();
  private long operation;
  private long arrivals;

  private MappedFileProcessGroup(GroupSpec spec, int rank, GroupFile file) {
    super(spec, rank);
    this.file = file;
    this.waits = new ProcessWaits(spec, rank, file);
    this.slots = new FloatBuffer[spec.size()][2];
    for (int other = 0; other < spec.size(); other++) {
      slots[other][0] = file.floats(other, 0);
      slots[other][1] = file.floats(other, 1);
    }
  }

  static MappedFileProcessGroup join(GroupSpec spec, int rank) {
    return new MappedFileProcessGroup(spec, rank, GroupFileMeeting.meet(spec, rank));
  }

  @Override
  public void allReduce(Tensor tensor) {
    if (!Ranks.isFloatOnCpu(tensor)) {
      super.allReduce(tensor);
      return;
    }
    long elements = tensor.numel();
    long signature = Signature.of(Signature.ALL_REDUCE, tensor);
    FloatPointer data = tensor.data_ptr_float();
    for (long start = 0; start < elements; start += SLOT_ELEMENTS) {
      int count = (int) Math.min(SLOT_ELEMENTS, elements - start);
      data.position(start).get(own, 0, count);
      slot(rank()).put(0, own, 0, count);
      bring(signature, ALL_REDUCE);
      if (count < SHARED_ELEMENTS) {
        sum(0, count);
      } else {
        shareSum(count);
      }
      data.put(sum.total(), 0, count);
      operation++;
    }
  }

  /** Sums elements of all ranks' slots. */
  private void sum(int start, int count) {
    slot(0).get(start, others, 0, count);
    sum.start(others, count);
    for (int other = 1; other < size(); other++) {
      slot(other).get(start, others, 0, count);
      sum.add(others, count);
    }
  }

  /** Sums this rank's slice, hands it to the others in the slot, and takes theirs. */
  private void shareSum(int count) {
    int slice = (count + size() - 1) / size();
    int start = Math.min(count, rank() * slice);
    int length = Math.min(slice, count - start);
    sum(start, length);
    slot(rank()).put(start, sum.total(), 0, length);
    meet(ALL_REDUCE);
    for (int other = 0; other < size(); other++) {
      int from = Math.min(count, other * slice);
      slot(other).get(from, others, from, Math.min(slice, count - from));
    }
    sum.start(others, count);
  }

  private FloatBuffer slot(int of) {
    return slots[of][(int) (operation % 2)];
  }

  @Override
  Tensor gather(Tensor flat, String what) {
    Tensor all = flat.new_empty(size(), flat.numel());
    long signature = Signature.of(Signature.GATHER, flat);
    long length = Signature.bytes(flat);
    BytePointer source = new BytePointer(flat.data_ptr());
    BytePointer target = new BytePointer(all.data_ptr());
    for (long start = 0; start < length; start += GroupFile.SLOT_BYTES) {
      int count = (int) Math.min(GroupFile.SLOT_BYTES, length - start);
      int which = (int) (operation % 2);
      file.slot(rank(), which).put(view(source, start, count));
      bring(signature, what);
      for (int other = 0; other < size(); other++) {
        view(target, other * length + start, count).put(0, file.slot(other, which), 0, count);
      }
      operation++;
    }
    return all;
  }

  /** Waits until all ranks have brought a piece of the same kind of tensor. */
  private void bring(long signature, String what) {
    file.sign(operation, rank(), signature);
    meet(what);
    for (int other = 0; other < size(); other++) {
      long theirs = file.signature(operation, other);
      if (theirs != signature) {
        String both = Signature.text(signature) + " and " + Signature.text(theirs);
        waits.fail("ranks came with different tensors: " + both);
        waits.requireAlive();
      }
    }
  }

  private void meet(String what) {
    waits.requireAlive();
    file.arrive(rank(), ++arrivals);
    waits.await(rank(), this::allHaveArrived, what);
  }

  private boolean allHaveArrived() {
    for (int other = 0; other < size(); other++) {
      if (file.arrivals(other) < arrivals) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void send(Tensor tensor, int destination) {
    waits.requireAlive();
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      Tensor sent = onCpu(tensor);
      Mailbox box = outgoing.computeIfAbsent(destination, to -> mailbox(rank(), to));
      long signature = Signature.of(Signature.SEND, sent);
      BytePointer source = new BytePointer(sent.data_ptr());
      long length = Signature.bytes(sent);
      for (long start = 0; start < length; start += Mailbox.FRAGMENT_BYTES) {
        waits.await(rank(), () -> hasRoom(box), "rank " + destination + " to receive");
        box.add(view(source, start, fragment(length - start)), signature);
      }
    } catch (IOException e) {
      waits.fail("no room for what is sent in [" + SharedMemoryDirectory.current() + "]: " + e);
      waits.requireAlive();
    }
  }

  /** While there is no room this rank makes some for those that may be sending to it. */
  private boolean hasRoom(Mailbox box) {
    if (box.hasRoom()) {
      return true;
    }
    for (int source = 0; source < size(); source++) {
      incoming(source).makeRoom();
    }
    return box.hasRoom();
  }

  private Mailbox incoming(int source) {
    return incoming.computeIfAbsent(source, from -> mailbox(from, rank()));
  }

  @Override
  public void receive(Tensor into, int source) {
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      Tensor received = onCpu(into);
      Mailbox box = incoming(source);
      long signature = Signature.of(Signature.SEND, received);
      BytePointer target = new BytePointer(received.data_ptr());
      long length = Signature.bytes(received);
      for (long start = 0; start < length; start += Mailbox.FRAGMENT_BYTES) {
        waits.await(rank(), box::hasMail, "what rank " + source + " sends");
        requireSent(box.signature(), signature);
        box.take(view(target, start, fragment(length - start)));
      }
      if (into.is_cuda()) {
        into.copy_(received);
      }
    }
  }

  private void requireSent(long sent, long wanted) {
    if (sent != wanted) {
      waits.fail(
          Signature.text(wanted) + " is received, but " + Signature.text(sent) + " was sent");
      waits.requireAlive();
    }
  }

  private Mailbox mailbox(int source, int destination) {
    try {
      return file.mailbox(source, destination);
    } catch (IOException e) {
      waits.fail("its file cannot be mapped: " + e);
      waits.requireAlive();
      throw new UncheckedIOException(e);
    }
  }

  private static int fragment(long left) {
    return (int) Math.min(Mailbox.FRAGMENT_BYTES, left);
  }

  private static ByteBuffer view(BytePointer memory, long start, long count) {
    return memory.position(start).limit(start + count).asByteBuffer().slice();
  }

  @Override
  public boolean isWaiting() {
    return waits.isParked(rank());
  }

  @Override
  public void abort(String reason) {
    waits.fail(reason);
  }

  @Override
  public void close() {
    waits.fail("rank " + rank() + " has left");
    try {
      file.close();
    } catch (IOException e) {
      LOG.debug("The file of a process group could not be closed", e);
    }
  }
}
