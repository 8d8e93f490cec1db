package io.phalanx.placement;

import java.util.Optional;

/**
 * Wishes of a placement group beyond its strategy.
 *
 * @param keepTogether how many consecutive bundles belong together, such as a tensor-parallel
 *     group; PACK keeps them on one node where that costs no further node; at least 1
 * @param topologyLabel all bundles go to nodes that have the same value of this label, such as a
 *     rack; empty: anywhere
 * @param softTargetNode id of the node that STRICT_PACK prefers where it fits; empty: none
 * @param detached whether the group outlives the actor that asked for it
 */
public record PlacementOptions(
    int keepTogether,
    Optional<String> topologyLabel,
    Optional<String> softTargetNode,
    boolean detached) {

  /** No wishes; the group ends with the actor that asked for it. */
  public static final PlacementOptions DEFAULT =
      new PlacementOptions(1, Optional.empty(), Optional.empty(), false);

  /** Validates the size. */
  public PlacementOptions {
    if (keepTogether < 1) {
      throw new IllegalArgumentException("keepTogether [" + keepTogether + "] must be at least 1");
    }
  }

  /** Returns these wishes with {@code keepTogether} replaced. */
  public PlacementOptions withKeepTogether(int bundles) {
    return new PlacementOptions(bundles, topologyLabel, softTargetNode, detached);
  }

  /** Returns these wishes with {@code detached} replaced. */
  public PlacementOptions withDetached(boolean itIsDetached) {
    return new PlacementOptions(keepTogether, topologyLabel, softTargetNode, itIsDetached);
  }

  /** Returns these wishes with the bundles free to lie in several values of the label. */
  public PlacementOptions withoutTopology() {
    return new PlacementOptions(keepTogether, Optional.empty(), softTargetNode, detached);
  }
}
