package io.phalanx.llm.layers;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.bytedeco.javacpp.Pointer;

/**
 * Owner of the native objects that outlive a {@link org.bytedeco.javacpp.PointerScope}: weights,
 * packed weights, KV blocks and threads of one rank. Belongs to the rank's thread.
 */
public final class NativeOwner implements AutoCloseable {
  private final List<Pointer> kept = new ArrayList<>();
  private final Deque<Runnable> closers = new ArrayDeque<>();

  /** Keeps {@code pointer} beyond its scope, until {@link #close}. */
  public <P extends Pointer> P keep(P pointer) {
    pointer.retainReference();
    kept.add(pointer);
    return pointer;
  }

  /** Runs {@code closer} on {@link #close}, before what was there earlier is freed. */
  public void onClose(Runnable closer) {
    closers.push(closer);
  }

  @Override
  public void close() {
    closers.forEach(Runnable::run);
    closers.clear();
    kept.forEach(Pointer::releaseReference);
    kept.clear();
  }
}
