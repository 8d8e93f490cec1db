package io.phalanx.runtime.collective;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How a rank waits for the others: it looks often while a short wait is likely, gives its processor
 * away after that, and ends by a deadline or when the group fails. What is ready is not spoilt by a
 * failure after it.
 */
abstract class RankWaits {
  /** How long a rank spins before it also yields; the others may be waiting for its processor. */
  private static final long BUSY_NANOS = 2_000;

  private final String group;
  private final long timeoutNanos;
  private final long spinNanos;

  /**
   * Creates the waits of a group.
   *
   * @param ranks that may run at once on this machine; with fewer processors nobody spins
   * @param spinNanos how long a rank looks again and again before it parks
   */
  RankWaits(String group, Duration timeout, int ranks, long spinNanos) {
    this.group = group;
    this.timeoutNanos = timeout.toNanos();
    this.spinNanos = Runtime.getRuntime().availableProcessors() >= ranks ? spinNanos : 0;
  }

  /** Returns why the group has failed, or null. */
  abstract @Nullable String failure();

  /** Fails the group for {@code reason}, unless it has failed before, and ends all its waits. */
  abstract void fail(String reason);

  /** Says that from now on {@code rank}, whose thread this is, may be parked, or no longer. */
  abstract void mayPark(int rank, boolean may);

  /** Returns whether {@code rank} may be parked. */
  abstract boolean isParked(int rank);

  /**
   * Parks this thread until something may have changed.
   *
   * @param waitedNanos how long it has waited, spinning included
   * @param leftNanos how long it may still wait
   */
  abstract void park(long waitedNanos, long leftNanos);

  /**
   * Waits until {@code ready}, which is not asked again after it has said so.
   *
   * @param what what is waited for, for the error text
   * @throws ServingException {@code REPLICA_FAILED} if the group fails or the deadline passes first
   */
  final void await(int rank, BooleanSupplier ready, String what) {
    long start = System.nanoTime();
    if (ready.getAsBoolean() || spin(ready, start)) {
      return;
    }
    mayPark(rank, true);
    try {
      while (!ready.getAsBoolean()) {
        long waited = System.nanoTime() - start;
        failIfOver(waited, what);
        if (failure() == null) {
          park(waited, timeoutNanos - waited);
        } else if (ready.getAsBoolean()) {
          return;
        } else {
          requireAlive();
        }
      }
    } finally {
      mayPark(rank, false);
    }
  }

  /** Throws if the group has failed. */
  final void requireAlive() {
    String reason = failure();
    if (reason != null) {
      throw new ServingException(
          ErrorCode.REPLICA_FAILED, "process group [" + group + "] failed: " + reason);
    }
  }

  /** Yields besides spinning, since another rank of this machine may need the processor. */
  @SuppressWarnings("ThreadPriorityCheck")
  private boolean spin(BooleanSupplier ready, long start) {
    long waited = 0;
    while (waited < spinNanos && failure() == null) {
      if (waited < BUSY_NANOS) {
        Thread.onSpinWait();
      } else {
        Thread.yield();
      }
      if (ready.getAsBoolean()) {
        return true;
      }
      waited = System.nanoTime() - start;
    }
    return false;
  }

  private void failIfOver(long waitedNanos, String what) {
    if (Thread.currentThread().isInterrupted()) {
      fail("interrupted while waiting for " + what);
    } else if (waitedNanos >= timeoutNanos) {
      fail(what + " did not come within " + timeoutNanos / 1_000_000 + " ms");
    }
  }
}
