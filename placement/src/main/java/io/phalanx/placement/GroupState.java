package io.phalanx.placement;

/**
 * The life of a placement group.
 *
 * <pre>
 * PENDING      -> PREPARED      every node holds its bundles
 * PREPARED     -> CREATED       every node has made them permanent
 * PREPARED     -> RESCHEDULING  a node was lost or refused to commit
 * CREATED      -> RESCHEDULING  a node was lost
 * RESCHEDULING -> CREATED       the lost bundles were placed again
 * any          -> REMOVED       asked for
 * </pre>
 */
public enum GroupState {
  PENDING,
  PREPARED,
  CREATED,
  RESCHEDULING,
  REMOVED
}
