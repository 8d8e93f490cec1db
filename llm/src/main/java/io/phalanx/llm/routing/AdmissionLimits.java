package io.phalanx.llm.routing;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Locale;

/**
 * What the requests of a model are held to at one ingress.
 *
 * @param modelId which model
 * @param maxQueued most requests that wait; -1 is no limit
 * @param maxOngoing most requests that one replica holds, running and waiting
 * @param maxRunning most requests that one replica runs at the same time
 * @param schedulingPolicy in which order they wait
 */
public record AdmissionLimits(
    String modelId,
    int maxQueued,
    int maxOngoing,
    int maxRunning,
    SchedulingPolicy schedulingPolicy) {

  /** Returns the limits of a configuration. */
  public static AdmissionLimits of(LlmConfig config) {
    int maxRunning = config.engineKwargs().maxNumSequences();
    return new AdmissionLimits(
        config.modelId(),
        config.deploymentConfig().maxQueuedRequests(),
        config.deploymentConfig().maxOngoing(maxRunning),
        maxRunning,
        config.engineKwargs().schedulingPolicy());
  }

  /** Returns whether no further request may wait beside so many. */
  boolean isFull(int waiting) {
    return maxQueued >= 0 && waiting >= maxQueued;
  }

  /** Returns the refusal of a request because so many wait. */
  ServingException queueFull(int waiting, Duration retryAfter) {
    return ServingException.retryLater(
        ErrorCode.OVERLOADED,
        "Every replica of model ["
            + modelId
            + "] is full and "
            + waiting
            + " requests wait, as many as max-queued-requests allows; try later.",
        retryAfter);
  }

  /** Returns the refusal of a request that would take longer than it may. */
  ServingException tooLate(double seconds, double timeLeft, Duration retryAfter) {
    return ServingException.retryLater(
        ErrorCode.OVERLOADED,
        String.format(
            Locale.ROOT,
            "The answer of model [%s] would take about %.1f s, most of it waiting, and its timeout is"
                + " %.1f s; try later or allow more time.",
            modelId,
            seconds,
            timeLeft),
        retryAfter);
  }
}
