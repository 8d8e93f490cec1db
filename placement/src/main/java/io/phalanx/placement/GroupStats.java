package io.phalanx.placement;

/**
 * How often and how long a placement group has been worked on.
 *
 * @param attempts how often nodes were asked for it
 * @param schedulingMicros from the start of the last successful attempt to its end, in
 *     microseconds; 0 if there was none
 * @param creationMicros from the request to the group's first creation, in microseconds; 0 if it
 *     has not been created
 * @param highestRetryDelayMillis the longest that it was made to wait after failed attempts, in
 *     milliseconds
 */
public record GroupStats(
    int attempts, long schedulingMicros, long creationMicros, long highestRetryDelayMillis) {

  /** Nothing was done yet. */
  public static final GroupStats NONE = new GroupStats(0, 0, 0, 0);
}
