package io.phalanx.llm.serving;

import java.time.Duration;

/**
 * How long a gang waits before it starts again: twice as long after each failure, up to a limit.
 */
final class RestartDelay {
  private final Duration first;
  private final Duration longest;
  private Duration next;

  RestartDelay(ServingSettings settings) {
    this.first = settings.restartDelay();
    this.longest = settings.maxRestartDelay();
    this.next = first;
  }

  /** Returns how long to wait now. */
  Duration next() {
    Duration delay = next.compareTo(longest) < 0 ? next : longest;
    next = delay.multipliedBy(2);
    return delay;
  }

  /** A start has succeeded. */
  void reset() {
    next = first;
  }
}
