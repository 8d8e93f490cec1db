package io.phalanx.placement.reservation;

import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.Resources;
import java.util.List;

/**
 * One bundle that a node holds.
 *
 * @param group the whole group
 * @param bundleIndex the bundle, from 0
 * @param epoch of the manager that reserved it
 * @param attempt of that manager
 * @param deviceIndexes the devices that it holds, or shares, ascending
 * @param phase how far its reservation is
 */
public record Holding(
    PlacementGroupSpec group,
    int bundleIndex,
    Epoch epoch,
    long attempt,
    List<Integer> deviceIndexes,
    BundlePhase phase) {

  /** Copies the list. */
  public Holding {
    deviceIndexes = List.copyOf(deviceIndexes);
  }

  /** Returns the bundle's id. */
  public BundleId id() {
    return group.bundleId(bundleIndex);
  }

  /** Returns what the bundle holds. */
  public Resources resources() {
    return group.bundles().get(bundleIndex).resources();
  }

  Holding in(BundlePhase next) {
    return new Holding(group, bundleIndex, epoch, attempt, deviceIndexes, next);
  }

  boolean isOf(Epoch itsEpoch, long itsAttempt) {
    return epoch.equals(itsEpoch) && attempt == itsAttempt;
  }

  /** Returns whether a release by this epoch and attempt frees it. */
  boolean isReleasedBy(Epoch itsEpoch, long itsAttempt) {
    return epoch.isOlderThan(itsEpoch) || attempt <= itsAttempt;
  }
}
