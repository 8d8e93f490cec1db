package io.phalanx.placement;

/**
 * Names one bundle of one placement group.
 *
 * @param groupId id of the {@link PlacementGroupSpec}
 * @param index position in its bundle list, from 0
 */
public record BundleId(String groupId, int index) {

  /** Validates the index. */
  public BundleId {
    if (index < 0) {
      throw new IllegalArgumentException("bundle index [" + index + "] must not be negative");
    }
  }

  @Override
  public String toString() {
    return groupId + "#" + index;
  }
}
