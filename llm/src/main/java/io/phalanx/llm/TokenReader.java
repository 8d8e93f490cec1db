package io.phalanx.llm;

import io.phalanx.llm.engine.TokenEvent;
import org.jspecify.annotations.Nullable;

/**
 * The events of one request that is being generated, for one reader that takes them as they come
 * without a stream of its own. Safe for many threads.
 */
public interface TokenReader {

  /**
   * Takes the next event.
   *
   * @return null if none is there yet; nothing comes after one with a finish reason
   * @throws io.phalanx.runtime.error.ServingException the failure of the request, again at each
   *     call
   */
  @Nullable TokenEvent poll();

  /**
   * Runs something once, as soon as {@link #poll} has an event or a failure: at once if it has one
   * now, else in the thread that brings it, which must not be held up. A later call replaces it.
   */
  void onReady(Runnable ready);

  /** Aborts the request if it has not ended; may be called again. */
  void cancel();
}
