package io.phalanx.placement.reservation;

import java.time.Duration;

/**
 * When a waiting group is tried again. A plan that failed is tried again once something was freed;
 * an attempt that nodes refused or did not answer, after a delay that doubles each time.
 */
final class RetryState {
  private int failures;
  private long triedAtVersion = -1;
  private long notBefore;
  private long retryAt;
  private Duration highestDelay = Duration.ZERO;

  /** Returns whether trying again may help. */
  boolean isDue(ClusterMirror cluster, TickClock clock) {
    boolean mayHelp = triedAtVersion < cluster.freedVersion() || isOverdue(clock);
    return mayHelp && notBefore <= clock.now();
  }

  /** Returns whether it is to be tried whatever has changed. */
  boolean isOverdue(TickClock clock) {
    return retryAt <= clock.now();
  }

  void tried(ClusterMirror cluster, long nextAt) {
    triedAtVersion = cluster.freedVersion();
    retryAt = nextAt;
  }

  /** What is to be placed has changed. */
  void tryAnew() {
    triedAtVersion = -1;
  }

  void succeeded() {
    failures = 0;
    notBefore = 0;
  }

  /** An attempt failed: the first is repeated at once, later ones after 1, 2, 4 .. ticks. */
  void failed(TickClock clock, Duration longestDelay) {
    triedAtVersion = -1;
    if (failures > 0) {
      Duration delay = clock.step().multipliedBy(1L << Math.min(failures - 1, 20));
      Duration bounded = delay.compareTo(longestDelay) < 0 ? delay : longestDelay;
      notBefore = clock.after(bounded);
      highestDelay = bounded.compareTo(highestDelay) > 0 ? bounded : highestDelay;
    }
    failures++;
  }

  Duration highestDelay() {
    return highestDelay;
  }
}
