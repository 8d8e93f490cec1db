package io.phalanx.placement.reservation;

import io.phalanx.placement.PlacementSettings;
import java.time.Duration;
import java.util.function.LongSupplier;

/** A manager's time: counted in ticks for what it decides, in nanoseconds for what it reports. */
final class TickClock {
  private final Duration step;
  private final LongSupplier nanoTime;
  private long now;

  TickClock(PlacementSettings settings, LongSupplier nanoTime) {
    this.step = settings.tickInterval();
    this.nanoTime = nanoTime;
  }

  void advance() {
    now++;
  }

  /** Returns how many ticks have passed. */
  long now() {
    return now;
  }

  /** Returns the tick at which {@code duration}, rounded up, will have passed. */
  long after(Duration duration) {
    return now + ticks(duration);
  }

  /** Returns whether {@code duration} has passed since the tick {@code start}. */
  boolean isOver(long start, Duration duration) {
    return start + ticks(duration) <= now;
  }

  Duration step() {
    return step;
  }

  long nanoTime() {
    return nanoTime.getAsLong();
  }

  private long ticks(Duration duration) {
    long millis = step.toMillis();
    return Math.max(1, (duration.toMillis() + millis - 1) / millis);
  }
}
