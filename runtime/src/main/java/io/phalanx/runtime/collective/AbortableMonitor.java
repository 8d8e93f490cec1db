package io.phalanx.runtime.collective;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A lock on which threads wait for a condition until a deadline, and which can be failed: then
 * every wait, present and future, ends with {@code REPLICA_FAILED}.
 */
final class AbortableMonitor {
  private final String group;
  private final long timeoutNanos;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private volatile @Nullable String failure;

  AbortableMonitor(String group, Duration timeout) {
    this.group = group;
    this.timeoutNanos = timeout.toNanos();
  }

  /** Runs {@code action} with the lock held unless failed, then lets every waiter look again. */
  void update(Runnable action) {
    lock.lock();
    try {
      requireAlive();
      action.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until {@code ready}, then runs {@code action} with the lock held; what is ready is not
   * spoilt by a failure after it.
   *
   * @param what what is waited for, for the error text
   */
  void await(BooleanSupplier ready, Runnable action, String what) {
    long left = timeoutNanos;
    lock.lock();
    try {
      while (!ready.getAsBoolean()) {
        requireAlive();
        if (left <= 0) {
          fail(what + " did not come within " + timeoutNanos / 1_000_000 + " ms");
        } else {
          left = changed.awaitNanos(left);
        }
      }
      action.run();
      changed.signalAll();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail("interrupted while waiting for " + what);
      requireAlive();
    } finally {
      lock.unlock();
    }
  }

  /** Runs {@code action} with the lock held, even if failed. */
  void finish(Runnable action) {
    lock.lock();
    try {
      action.run();
    } finally {
      lock.unlock();
    }
  }

  /** Fails the monitor for {@code reason}, unless it has failed before. */
  void fail(String reason) {
    lock.lock();
    try {
      if (failure == null) {
        failure = reason;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether the monitor has failed. */
  boolean hasFailed() {
    return failure != null;
  }

  /** Throws if the monitor has failed. */
  void requireAlive() {
    String reason = failure;
    if (reason != null) {
      throw new ServingException(
          ErrorCode.REPLICA_FAILED, "process group [" + group + "] failed: " + reason);
    }
  }
}
