package io.phalanx.runtime.collective;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The file that the ranks of a group in several JVMs have mapped. Each number in it is written by
 * one rank, except that the first to fail writes the failure.
 *
 * <pre>
 * 0      magic, written last; epoch; number of ranks
 * 128    1 + the rank that failed first, or 0
 * 512    for each rank: who it is; how often it has arrived; its failure's text
 * then   for each pair of ranks: fragments sent, fragments received
 * then   for each rank: two slots for what it brings to operations
 * then   for each pair of ranks: a mailbox, backed only as far as it has been used
 * </pre>
 */
final class GroupFile {
  /** Bytes of a slot: what an operation brings at a time. */
  static final int SLOT_BYTES = 256 << 10;

  /** Numbers that different ranks write are this far apart: two cache lines, fetched together. */
  private static final int LINE = 128;

  private static final long MAGIC = 0x3158_4c50_4752_4f55L;
  private static final int EPOCH_AT = 8;
  private static final int SIZE_AT = 16;
  private static final int FAILED_AT = LINE;
  private static final int RANKS_AT = 4 * LINE;
  private static final int RANK_BYTES = 4 * LINE;
  private static final int ARRIVALS = LINE;
  private static final int SIGNATURES = LINE + Long.BYTES;
  private static final int TEXT_LENGTH = 2 * LINE;
  private static final int TEXT = TEXT_LENGTH + Long.BYTES;
  private static final int PAGE = 4096;
  private static final VarHandle NUMBER =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final FileChannel channel;
  private final MappedByteBuffer memory;
  private final int size;

  private GroupFile(FileChannel channel, int size) throws IOException {
    this.channel = channel;
    this.size = size;
    this.memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, mainBytes(size));
    memory.order(ByteOrder.nativeOrder());
  }

  /** Creates the file, for this user only. */
  static GroupFile create(Path path, GroupSpec spec) throws IOException {
    FileChannel channel =
        FileChannel.open(
            path,
            Set.of(
                StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    fill(channel, 0, mainBytes(spec.size()));
    fill(
        channel, wholeBytes(spec.size()) - 1, 1); // its last byte, so that no rank changes its size
    GroupFile file = new GroupFile(channel, spec.size());
    file.set(EPOCH_AT, spec.epoch());
    file.set(SIZE_AT, spec.size());
    file.set(0, MAGIC);
    return file;
  }

  /**
   * Opens the file that another rank creates; null if it is not complete yet.
   *
   * @throws IOException if it is not there yet, or not of this group
   */
  static @Nullable GroupFile open(Path path, GroupSpec spec) throws IOException {
    FileChannel channel = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    if (channel.size() >= mainBytes(spec.size())) {
      GroupFile file = new GroupFile(channel, spec.size());
      if (file.get(0) == MAGIC) {
        file.requireOf(spec);
        return file;
      }
    }
    channel.close();
    return null;
  }

  private void requireOf(GroupSpec spec) throws IOException {
    if (get(EPOCH_AT) != spec.epoch() || get(SIZE_AT) != spec.size()) {
      throw new IOException(
          String.format(
              "the file is of epoch [%d] and [%d] ranks, not of [%d] and [%d]",
              get(EPOCH_AT), get(SIZE_AT), spec.epoch(), spec.size()));
    }
  }

  /** Says that {@code rank} has mapped the file. */
  void join(int rank, RankProcess process) {
    memory.putLong(rankAt(rank) + Long.BYTES, process.startMillis());
    set(rankAt(rank), process.pid());
  }

  /** Returns the process of a rank, or null if it has not joined yet. */
  @Nullable RankProcess process(int rank) {
    long pid = get(rankAt(rank));
    return pid == 0 ? null : new RankProcess(pid, memory.getLong(rankAt(rank) + Long.BYTES));
  }

  boolean allHaveJoined() {
    for (int rank = 0; rank < size; rank++) {
      if (get(rankAt(rank)) == 0) {
        return false;
      }
    }
    return true;
  }

  /** Returns why the group has failed, or null. */
  @Nullable String failure() {
    int failed = (int) get(FAILED_AT);
    if (failed == 0) {
      return null;
    }
    int at = rankAt(failed - 1);
    byte[] text = new byte[(int) memory.getLong(at + TEXT_LENGTH)];
    memory.get(at + TEXT, text);
    return new String(text, StandardCharsets.UTF_8);
  }

  /** Fails the group as {@code rank}, unless any has failed before. */
  synchronized void fail(int rank, String reason) {
    if (get(FAILED_AT) != 0) {
      return;
    }
    byte[] text = reason.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(text.length, RANK_BYTES - TEXT);
    memory.put(rankAt(rank) + TEXT, text, 0, length);
    memory.putLong(rankAt(rank) + TEXT_LENGTH, length);
    NUMBER.compareAndSet(memory, FAILED_AT, 0L, rank + 1L);
  }

  long arrivals(int rank) {
    return get(rankAt(rank) + ARRIVALS);
  }

  void arrive(int rank, long times) {
    set(rankAt(rank) + ARRIVALS, times);
  }

  /** Returns what kind of tensor a rank has brought to an operation, seen once it has arrived. */
  long signature(long operation, int rank) {
    return memory.getLong(rankAt(rank) + SIGNATURES + Long.BYTES * (int) (operation % 2));
  }

  void sign(long operation, int rank, long signature) {
    memory.putLong(rankAt(rank) + SIGNATURES + Long.BYTES * (int) (operation % 2), signature);
  }

  /** Returns the memory of one of a rank's two slots. */
  ByteBuffer slot(int rank, int which) {
    int at = slotsAt(size) + (2 * rank + which) * SLOT_BYTES;
    return memory.slice(at, SLOT_BYTES).order(ByteOrder.nativeOrder());
  }

  /** The same as {@link #slot}, as float32 values. */
  FloatBuffer floats(int rank, int which) {
    return slot(rank, which).asFloatBuffer();
  }

  /** Returns the mailbox for what {@code source} sends to {@code destination}. */
  Mailbox mailbox(int source, int destination) throws IOException {
    int pair = source * size + destination;
    long at = mainBytes(size) + (long) pair * Mailbox.BYTES;
    return new Mailbox(this, countersAt(size) + pair * 2 * LINE, at);
  }

  /** Maps further memory of the file, which is not backed until {@link #back}. */
  MappedByteBuffer map(long at, int bytes) throws IOException {
    return channel.map(FileChannel.MapMode.READ_WRITE, at, bytes);
  }

  /** Makes sure that memory can be written, so that a full disk is an error and no crash. */
  void back(long at, long bytes) throws IOException {
    fill(channel, at, bytes);
  }

  /** Reads a number that another rank writes, and sees all that it has written before. */
  long get(int at) {
    return (long) NUMBER.getAcquire(memory, at);
  }

  /** Writes a number that the others read, after all that was written before. */
  void set(int at, long number) {
    NUMBER.setRelease(memory, at, number);
  }

  /** Closes the file; memory that is mapped stays until nothing refers to it. */
  void close() throws IOException {
    channel.close();
  }

  private static void fill(FileChannel channel, long at, long bytes) throws IOException {
    ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(bytes, SLOT_BYTES));
    for (long done = 0; done < bytes; done += zeros.capacity()) {
      zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - done));
      while (zeros.hasRemaining()) {
        channel.write(zeros, at + done + zeros.position());
      }
    }
  }

  private static int rankAt(int rank) {
    return RANKS_AT + rank * RANK_BYTES;
  }

  private static int countersAt(int size) {
    return rankAt(size);
  }

  private static int slotsAt(int size) {
    int end = countersAt(size) + size * size * 2 * LINE;
    return (end + PAGE - 1) / PAGE * PAGE;
  }

  private static int mainBytes(int size) {
    return slotsAt(size) + 2 * size * SLOT_BYTES;
  }

  private static long wholeBytes(int size) {
    return mainBytes(size) + (long) size * size * Mailbox.BYTES;
  }
}
