package io.phalanx.llm.serving;

import io.phalanx.llm.engine.Backlog;

/**
 * What a deployment sees of itself when it decides how many replicas there should be; under data
 * parallelism replicas are gangs.
 *
 * @param atEpochMillis when, in milliseconds since 1970
 * @param ready replicas that take requests
 * @param starting replicas that will
 * @param target replicas aimed at
 * @param queuedRequests requests that wait at ingresses because no replica takes them
 * @param backlog the work of all replicas together
 */
public record ScalingInput(
    long atEpochMillis, int ready, int starting, int target, int queuedRequests, Backlog backlog) {

  /** Returns the requests that are not answered yet, wherever they are. */
  public int requests() {
    return queuedRequests + backlog.requests();
  }
}
