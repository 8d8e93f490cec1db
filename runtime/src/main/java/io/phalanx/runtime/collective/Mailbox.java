package io.phalanx.runtime.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What one rank sends to another through a {@link GroupFile}: a ring of fragments. Each rank has an
 * object of its own.
 */
final class Mailbox {
  /** Largest piece of a message; it also ends at the end of the message. */
  static final int FRAGMENT_BYTES = 4 << 20;

  /** Fragments that may wait. */
  private static final int FRAGMENTS = 8;

  /** Bytes of what is said about fragments: for each its signature, then for each its length. */
  private static final int HEADS = 4096;

  private static final int LENGTHS = FRAGMENTS * Long.BYTES;
  private static final int RECEIVED = 128;

  /** Bytes of a mailbox in the file. */
  static final int BYTES = HEADS + FRAGMENTS * FRAGMENT_BYTES;

  private final GroupFile file;
  private final int counters;
  private final long at;
  private final MappedByteBuffer memory;

  /** What has been taken out of the ring before it was asked for. */
  private final Deque<Taken> taken = new ArrayDeque<>();

  /** How much of each fragment of the ring can be written, and whether the heads can. */
  private final int[] backed = new int[FRAGMENTS];

  private boolean headsBacked;

  /** A fragment in memory of this rank's own. */
  private record Taken(long signature, ByteBuffer bytes) {}

  Mailbox(GroupFile file, int counters, long at) throws IOException {
    this.file = file;
    this.counters = counters;
    this.at = at;
    this.memory = file.map(at, BYTES);
    memory.order(ByteOrder.nativeOrder());
  }

  boolean hasRoom() {
    return sent() - received() < FRAGMENTS;
  }

  boolean hasMail() {
    return !taken.isEmpty() || sent() > received();
  }

  /**
   * Adds a fragment, for which there is room.
   *
   * @param signature of the message that it is part of
   * @throws IOException if the machine has no memory for it
   */
  void add(ByteBuffer fragment, long signature) throws IOException {
    int place = (int) (sent() % FRAGMENTS);
    back(place, fragment.remaining());
    memory.putLong(place * Long.BYTES, signature);
    memory.putLong(LENGTHS + place * Long.BYTES, fragment.remaining());
    memory.put(offset(place), fragment, fragment.position(), fragment.remaining());
    file.set(counters, sent() + 1);
  }

  /** Returns the signature of the message whose fragment is next. */
  long signature() {
    Taken first = taken.peekFirst();
    return first == null ? ringSignature() : first.signature();
  }

  /** Fills {@code fragment} with the next one, which is there. */
  void take(ByteBuffer fragment) {
    Taken first = taken.pollFirst();
    if (first == null) {
      takeFromRing(fragment);
    } else {
      fragment.put(first.bytes());
    }
  }

  /** Takes out of the ring what is there, so that the other rank can go on to send. */
  void makeRoom() {
    while (sent() > received()) {
      long signature = ringSignature();
      int length = (int) memory.getLong(LENGTHS + ringPlace() * Long.BYTES);
      ByteBuffer bytes = ByteBuffer.allocate(length);
      takeFromRing(bytes);
      taken.addLast(new Taken(signature, bytes.flip()));
    }
  }

  private long ringSignature() {
    return memory.getLong(ringPlace() * Long.BYTES);
  }

  private int ringPlace() {
    return (int) (received() % FRAGMENTS);
  }

  private void takeFromRing(ByteBuffer fragment) {
    int length = fragment.remaining();
    fragment.put(fragment.position(), memory, offset(ringPlace()), length);
    fragment.position(fragment.position() + length);
    file.set(counters + RECEIVED, received() + 1);
  }

  private void back(int place, int bytes) throws IOException {
    if (!headsBacked) {
      file.back(at, HEADS);
      headsBacked = true;
    }
    if (backed[place] < bytes) {
      file.back(at + offset(place) + backed[place], bytes - backed[place]);
      backed[place] = bytes;
    }
  }

  private long sent() {
    return file.get(counters);
  }

  private long received() {
    return file.get(counters + RECEIVED);
  }

  private static int offset(int place) {
    return HEADS + place * FRAGMENT_BYTES;
  }
}
