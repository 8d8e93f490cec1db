package io.phalanx.placement;

import java.util.List;

/**
 * Where a plan puts a bundle.
 *
 * @param nodeId id of the node
 * @param deviceIndexes the node's devices that it gets, or shares, ascending; empty without GPUs
 */
public record BundleSite(String nodeId, List<Integer> deviceIndexes) {

  /** Copies the list. */
  public BundleSite {
    deviceIndexes = List.copyOf(deviceIndexes);
  }
}
