package io.phalanx.llm.serving;

/**
 * A change of a deployment's number of replicas and what led to it.
 *
 * @param atEpochMillis when, in milliseconds since 1970
 * @param running replicas (or gangs) that were ready
 * @param averageBacklog requests, averaged over the look-back period
 * @param from the number aimed at before
 * @param to the number aimed at now
 * @param reason one clause for people
 */
public record ScalingDecision(
    long atEpochMillis, int running, double averageBacklog, int from, int to, String reason) {}
