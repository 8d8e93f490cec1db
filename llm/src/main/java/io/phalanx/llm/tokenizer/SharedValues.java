package io.phalanx.llm.tokenizer;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Values that all who use the same key at the same time share: the first loads, the others wait for
 * it, the last frees. Whoever uses another key waits for none of this.
 */
final class SharedValues<K, V extends SharedValues.Freed> {
  /** A value that is to be freed after its last use. */
  interface Freed {

    /** Frees it; called once. */
    void free();
  }

  private final Map<K, Shared> all = new ConcurrentHashMap<>();

  /** One user's hold on a value, until closed; safe for many threads. */
  final class Use implements AutoCloseable {
    private final K key;
    private final Shared shared;
    private final V value;
    private final AtomicBoolean open = new AtomicBoolean(true);

    private Use(K key, Shared shared, V value) {
      this.key = key;
      this.shared = shared;
      this.value = value;
    }

    /**
     * Returns the value.
     *
     * @throws IllegalStateException after {@link #close}, whether or not others still use it
     */
    V value() {
      if (!open.get()) {
        throw new IllegalStateException("[" + key + "] is used after it was closed.");
      }
      return value;
    }

    /** Ends this use; may be called again. */
    @Override
    public void close() {
      if (open.getAndSet(false)) {
        release(key, shared);
      }
    }
  }

  private final class Shared {
    private int users; // changed within the map's operations alone
    private @Nullable V value;

    private synchronized V load(Supplier<V> loader) {
      V loaded = value == null ? loader.get() : value;
      value = loaded;
      return loaded;
    }

    private synchronized void free() {
      if (value != null) {
        value.free();
      }
    }
  }

  /**
   * Begins to use a value, loaded by {@code loader} if nobody has it; what that throws is thrown
   * on, and the next one loads anew.
   */
  Use acquire(K key, Supplier<V> loader) {
    Shared shared = all.compute(key, (k, known) -> withUser(known == null ? new Shared() : known));
    try {
      return new Use(key, shared, shared.load(loader));
    } catch (RuntimeException | Error e) {
      release(key, shared);
      throw e;
    }
  }

  private Shared withUser(Shared shared) {
    shared.users++;
    return shared;
  }

  private void release(K key, Shared shared) {
    if (all.computeIfPresent(key, (k, used) -> --used.users > 0 ? used : null) == null) {
      shared.free();
    }
  }
}
