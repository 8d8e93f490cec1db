package io.phalanx.runtime.collective;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How ranks wait that are threads of one JVM: parked until whoever changes something wakes them.
 */
final class ThreadWaits extends RankWaits {
  /**
   * How long a rank spins before it parks: longer than a wake-up, or ranks keep parking in turn.
   */
  private static final long SPIN_NANOS = 100_000;

  private final AtomicReferenceArray<@Nullable Thread> parked;
  private final AtomicReference<@Nullable String> failure = new AtomicReference<>();

  ThreadWaits(String group, GroupSpec spec) {
    super(group, spec.timeout(), spec.size(), SPIN_NANOS);
    this.parked = new AtomicReferenceArray<>(spec.size());
  }

  @Override
  @Nullable String failure() {
    return failure.get();
  }

  @Override
  void fail(String reason) {
    failure.compareAndSet(null, reason);
    wake();
  }

  /** Lets every parked rank look again; called after each change that a rank may wait for. */
  void wake() {
    for (int rank = 0; rank < parked.length(); rank++) {
      LockSupport.unpark(parked.get(rank));
    }
  }

  @Override
  void mayPark(int rank, boolean may) {
    parked.set(rank, may ? Thread.currentThread() : null);
  }

  @Override
  boolean isParked(int rank) {
    return parked.get(rank) != null;
  }

  @Override
  void park(long waitedNanos, long leftNanos) {
    LockSupport.parkNanos(this, leftNanos);
  }
}
