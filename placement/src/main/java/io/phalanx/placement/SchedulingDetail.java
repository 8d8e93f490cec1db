package io.phalanx.placement;

/** Why a placement group is in its {@link GroupState}; names are Ray's. */
public enum SchedulingDetail {
  /** Waits for its turn. */
  QUEUED,
  /** Nodes are being asked. */
  SCHEDULING_STARTED,
  /** The nodes could hold it, were they free. */
  NO_RESOURCES,
  /** The nodes could not hold it, were they all free. */
  INFEASIBLE,
  /** A node did not make permanent what it had prepared. */
  FAILED_TO_COMMIT_RESOURCES,
  /** Every bundle has its place. */
  FINISHED,
  /** It was removed. */
  REMOVED
}
