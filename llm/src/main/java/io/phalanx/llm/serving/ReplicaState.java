package io.phalanx.llm.serving;

/**
 * Where the life of a replica stands.
 *
 * <pre>
 * PENDING  -> STARTING  its bundles are reserved
 * STARTING -> READY     it has generated a real token
 * READY    -> DRAINING  it is to stop
 * any      -> FAILED    it, a rank or a node ended; it is started again after a while
 * </pre>
 */
public enum ReplicaState {
  /** Its placement group waits for room. */
  PENDING,
  /** Its ranks load. */
  STARTING,
  /** It can answer. */
  READY,
  /** It finishes its requests. */
  DRAINING,
  /** It has ended and will be started again. */
  FAILED
}
