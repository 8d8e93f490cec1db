package io.phalanx.runtime.collective;

import java.time.Instant;

/**
 * The process in which a rank runs.
 *
 * @param pid its id on this machine
 * @param startMillis when it started, so that a later process of the same id is not taken for it
 */
record RankProcess(long pid, long startMillis) {
  private static final RankProcess CURRENT = of(ProcessHandle.current());

  /** Returns this process. */
  static RankProcess current() {
    return CURRENT;
  }

  /** Returns whether the process runs. */
  boolean isAlive() {
    return equals(CURRENT)
        || ProcessHandle.of(pid).filter(p -> p.isAlive() && equals(of(p))).isPresent();
  }

  private static RankProcess of(ProcessHandle process) {
    return new RankProcess(
        process.pid(), process.info().startInstant().map(Instant::toEpochMilli).orElse(0L));
  }
}
