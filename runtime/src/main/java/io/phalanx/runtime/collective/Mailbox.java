package io.phalanx.runtime.collective;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;

/**
 * What one rank sends to another through a {@link GroupFile}: a ring of fragments. Each rank has an
 * object of its own.
 */
final class Mailbox {
  /** Largest piece of a message; it also ends at the end of the message. */
  static final int FRAGMENT_BYTES = 4 << 20;

  /** Fragments that may wait. */
  private static final int FRAGMENTS = 8;

  private static final int SIGNATURES = 4096;
  private static final int RECEIVED = 128;

  /** Bytes of a mailbox in the file. */
  static final int BYTES = SIGNATURES + FRAGMENTS * FRAGMENT_BYTES;

  private final GroupFile file;
  private final int counters;
  private final long at;
  private final MappedByteBuffer memory;

  /** How much of each fragment of the ring can be written, and whether the signatures can. */
  private final int[] backed = new int[FRAGMENTS];

  private boolean signaturesBacked;

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
    return sent() > received();
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
    memory.put(offset(place), fragment, fragment.position(), fragment.remaining());
    file.set(counters, sent() + 1);
  }

  /** Returns the signature of the message whose fragment is next. */
  long signature() {
    return memory.getLong((int) (received() % FRAGMENTS) * Long.BYTES);
  }

  /** Fills {@code fragment} with the next one, which is there. */
  void take(ByteBuffer fragment) {
    int place = (int) (received() % FRAGMENTS);
    fragment.put(fragment.position(), memory, offset(place), fragment.remaining());
    file.set(counters + RECEIVED, received() + 1);
  }

  private void back(int place, int bytes) throws IOException {
    if (!signaturesBacked) {
      file.back(at, SIGNATURES);
      signaturesBacked = true;
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
    return SIGNATURES + place * FRAGMENT_BYTES;
  }
}
