package io.phalanx.placement.scheduling;

import java.time.Duration;
import java.util.function.LongSupplier;

/** The moment at which a search gives up, on a clock of nanoseconds. */
final class Deadline {
  private final LongSupplier nanoTime;
  private final long end;

  Deadline(LongSupplier nanoTime, Duration budget) {
    this.nanoTime = nanoTime;
    this.end = nanoTime.getAsLong() + budget.toNanos();
  }

  boolean hasPassed() {
    return nanoTime.getAsLong() - end >= 0;
  }
}
