package io.phalanx.http;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;

/** Counts the requests in work and, once closed, lets no more in; safe for many threads. */
final class RequestGate {
  private final CompletableFuture<Done> drained = new CompletableFuture<>();
  private int inWork;
  private boolean closed;

  /** Returns whether a request may start; if so, {@link #leave} must follow once. */
  synchronized boolean tryEnter() {
    if (closed) {
      return false;
    }
    inWork++;
    return true;
  }

  /** Ends a request that was let in. */
  synchronized void leave() {
    inWork--;
    completeIfDrained();
  }

  /** Lets no more requests in. */
  synchronized void close() {
    closed = true;
    completeIfDrained();
  }

  /** Returns how many requests are in work. */
  synchronized int inWork() {
    return inWork;
  }

  /** Completes once the gate is closed and the last request has left. */
  CompletionStage<Done> drained() {
    return drained;
  }

  private void completeIfDrained() {
    if (closed && inWork == 0) {
      drained.complete(Done.getInstance());
    }
  }
}
