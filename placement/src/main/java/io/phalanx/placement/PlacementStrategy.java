package io.phalanx.placement;

/** How the bundles of a placement group are laid over nodes; meanings are Ray's. */
public enum PlacementStrategy {
  /** On as few nodes as possible; spills to further nodes if it must. */
  PACK,
  /** On as many nodes as possible; shares nodes if it must. */
  SPREAD,
  /** All on one node, or not at all. */
  STRICT_PACK,
  /** Each on a node of its own, or not at all. */
  STRICT_SPREAD
}
