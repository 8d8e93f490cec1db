package io.phalanx.placement;

/**
 * How far the reservation of a bundle is on its node.
 *
 * <pre>
 * (free)    -> PREPARED   Prepare
 * PREPARED  -> COMMITTED  Commit, or at once where the group needs one node only
 * PREPARED  -> (free)     Release, or no Commit in time
 * COMMITTED -> RELEASING  Release, while actors run in it
 * COMMITTED -> (free)     Release
 * RELEASING -> (free)     the last actor in it has stopped
 * </pre>
 */
public enum BundlePhase {
  PREPARED,
  COMMITTED,
  RELEASING
}
