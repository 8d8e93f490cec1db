package io.phalanx.runtime.collective;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * How ranks wait that are in several JVMs: nobody can wake them, so they look again after naps that
 * grow with the wait, and now and then whether the others' processes still run.
 */
final class ProcessWaits extends RankWaits {
  /** How long a rank spins before it naps: longer than a nap really takes. */
  private static final long SPIN_NANOS = 200_000;

  private static final long SHORTEST_NAP_NANOS = 20_000;
  private static final long LONGEST_NAP_NANOS = 200_000;
  private static final long LOOK_FOR_PROCESSES_NANOS = 20_000_000;

  private final GroupFile file;
  private final int rank;
  private final int size;
  private long lookedAt;
  private volatile boolean parked;

  ProcessWaits(GroupSpec spec, int rank, GroupFile file) {
    super(spec.key(), spec.timeout(), spec.size(), SPIN_NANOS);
    this.file = file;
    this.rank = rank;
    this.size = spec.size();
  }

  @Override
  @Nullable String failure() {
    return file.failure();
  }

  @Override
  void fail(String reason) {
    file.fail(rank, reason);
  }

  @Override
  void mayPark(int waiting, boolean may) {
    lookedAt = System.nanoTime();
    parked = may;
  }

  /** Knows of no other rank than the one of this process's member. */
  @Override
  boolean isParked(int waiting) {
    return parked;
  }

  @Override
  void park(long waitedNanos, long leftNanos) {
    long now = System.nanoTime();
    if (now - lookedAt > LOOK_FOR_PROCESSES_NANOS) {
      lookedAt = now;
      failIfAProcessHasEnded();
    }
    long nap = Math.max(SHORTEST_NAP_NANOS, Math.min(LONGEST_NAP_NANOS, waitedNanos / 8));
    LockSupport.parkNanos(this, Math.min(nap, leftNanos));
  }

  private void failIfAProcessHasEnded() {
    for (int other = 0; other < size; other++) {
      RankProcess process = file.process(other);
      if (process != null && !process.isAlive()) {
        fail("the process of rank " + other + ", " + process.pid() + ", has ended");
      }
    }
  }
}
