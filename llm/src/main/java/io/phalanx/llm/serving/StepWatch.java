package io.phalanx.llm.serving;

import java.time.Duration;

/**
 * Whether the steps of a replica go on: after half its time a step makes the replica ask its ranks
 * how far they are, and after all of it one of them is stuck. Times are nanoseconds of one clock.
 */
final class StepWatch {
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final long timeoutNanos;
  private long progressNanos;
  private boolean isLate;

  StepWatch(Duration timeout) {
    this.timeoutNanos = timeout.toNanos();
  }

  /** A step begins while none runs. */
  void begin(long nowNanos) {
    progressNanos = nowNanos;
  }

  /** Ends a step and returns how long it took. */
  long end(long nowNanos) {
    long took = nowNanos - progressNanos;
    progressNanos = nowNanos;
    return took;
  }

  /** Returns for how many milliseconds none of the steps that run has ended. */
  long waitedMillis(long nowNanos) {
    return waited(nowNanos) / NANOS_PER_MILLI;
  }

  private long waited(long nowNanos) {
    return nowNanos - progressNanos;
  }

  /** Returns whether the steps that run have become late since this was asked last. */
  boolean becameLate(boolean running, long nowNanos) {
    boolean before = isLate;
    isLate = running && waited(nowNanos) > timeoutNanos / 2;
    return isLate && !before;
  }

  /** Returns whether a rank is stuck with the steps that run. */
  boolean isStuck(boolean running, long nowNanos) {
    return running && waited(nowNanos) > timeoutNanos;
  }
}
