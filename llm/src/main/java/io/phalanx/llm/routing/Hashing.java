package io.phalanx.llm.routing;

/** Hashes of 64 bits that are the same in every process. */
final class Hashing {
  private static final long SEED = 0x243F6A8885A308D3L;

  private Hashing() {}

  /** Returns the hash of a text. */
  static long of(String text) {
    long hash = SEED;
    for (int i = 0; i < text.length(); i++) {
      hash = mix(hash, text.charAt(i));
    }
    return hash;
  }

  /** Returns the hash of what has the hash {@code before} and then {@code value}. */
  static long mix(long before, long value) {
    long hash = (before ^ value) * 0x9E3779B97F4A7C15L;
    hash = (hash ^ (hash >>> 32)) * 0xD6E8FEB86659FD93L;
    return hash ^ (hash >>> 32);
  }
}
