package io.phalanx.llm.engine;

/**
 * Where a sequence is.
 *
 * <pre>
 * WAITING   -> RUNNING    scheduled for the first time, or again
 * RUNNING   -> PREEMPTED  its blocks went to an older sequence; it is computed again later
 * PREEMPTED -> RUNNING    scheduled again
 * any       -> FINISHED   end token, stop string, length or abort
 * </pre>
 */
enum SequenceStatus {
  WAITING,
  RUNNING,
  PREEMPTED,
  FINISHED
}
