package io.phalanx.placement.reservation;

import io.phalanx.placement.GroupStats;
import java.time.Duration;

/** When what happened to a group, for its {@link GroupStats}. */
final class GroupTimes {
  private final long askedAt;
  private int attempts;
  private long attemptAt;
  private long schedulingNanos;
  private long creationNanos;

  GroupTimes(long askedAt) {
    this.askedAt = askedAt;
  }

  void attempted(long now) {
    attempts++;
    attemptAt = now;
  }

  void created(long now) {
    schedulingNanos = attempts == 0 ? 0 : now - attemptAt;
    if (creationNanos == 0) {
      creationNanos = now - askedAt;
    }
  }

  GroupStats stats(Duration highestDelay) {
    return new GroupStats(
        attempts, schedulingNanos / 1_000, creationNanos / 1_000, highestDelay.toMillis());
  }
}
