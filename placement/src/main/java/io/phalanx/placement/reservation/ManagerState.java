package io.phalanx.placement.reservation;

import io.phalanx.placement.PlacementSettings;
import java.util.function.LongSupplier;

/** What the parts of a {@link GroupScheduler} share. */
record ManagerState(
    PlacementSettings settings,
    TickClock clock,
    ClusterMirror cluster,
    GroupTable groups,
    Outbox outbox) {

  static ManagerState create(PlacementSettings settings, LongSupplier nanoTime) {
    return new ManagerState(
        settings,
        new TickClock(settings, nanoTime),
        new ClusterMirror(),
        new GroupTable(),
        new Outbox());
  }
}
