package io.phalanx.llm.layers;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;

/**
 * Owner of the native objects that outlive a {@link org.bytedeco.javacpp.PointerScope}: weights,
 * packed weights and KV blocks of one rank. Belongs to the rank's thread.
 */
public final class NativeOwner implements AutoCloseable {
  private final List<Pointer> kept = new ArrayList<>();

  /** Keeps {@code pointer} beyond its scope, until {@link #close}. */
  public <P extends Pointer> P keep(P pointer) {
    pointer.retainReference();
    kept.add(pointer);
    return pointer;
  }

  @Override
  public void close() {
    kept.forEach(Pointer::releaseReference);
    kept.clear();
  }
}
