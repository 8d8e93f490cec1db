package io.phalanx.llm;

import io.phalanx.llm.engine.RequestTerms;
import java.time.Duration;
import java.util.Optional;

/**
 * How many replicas a model has and what they accept.
 *
 * @param autoscaling between which counts the replicas move; min = max is a fixed count
 * @param maxOngoingRequests most requests that one replica holds, running and waiting; 4 x
 *     max-num-seqs if absent
 * @param maxQueuedRequests most requests of one ingress that wait because every replica is full; -1
 *     is no limit
 * @param requestTimeout how long the whole answer to a request may take, from its arrival; as long
 *     as it takes if absent
 * @param requestRouter how a replica is chosen for each request
 * @param gracefulShutdownTimeout how long a stopping replica may finish its requests
 * @param actorOptions what the replica actor itself needs; merged into bundle 0
 */
public record DeploymentConfig(
    AutoscalingConfig autoscaling,
    Optional<Integer> maxOngoingRequests,
    int maxQueuedRequests,
    Optional<Duration> requestTimeout,
    RequestRouterConfig requestRouter,
    Duration gracefulShutdownTimeout,
    ReplicaResources actorOptions) {

  /** The most requests that wait at one ingress by default. */
  public static final int DEFAULT_MAX_QUEUED_REQUESTS = 1024;

  /** How long a stopping replica may finish its requests by default. */
  public static final Duration DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT = Duration.ofSeconds(20);

  /** One replica that accepts the default number of requests. */
  public static final DeploymentConfig DEFAULT =
      new DeploymentConfig(
          AutoscalingConfig.between(1, 1),
          Optional.empty(),
          DEFAULT_MAX_QUEUED_REQUESTS,
          Optional.empty(),
          RequestRouterConfig.DEFAULT,
          DEFAULT_GRACEFUL_SHUTDOWN_TIMEOUT,
          ReplicaResources.DEFAULT);

  /** Checks the limits. */
  public DeploymentConfig {
    int maxOngoing = maxOngoingRequests.orElse(1);
    require(maxOngoing >= 1, "max-ongoing-requests", maxOngoing, "at least 1");
    require(maxQueuedRequests >= -1, "max-queued-requests", maxQueuedRequests, "-1 or more");
    Duration timeout = requestTimeout.orElse(Duration.ofMillis(1));
    require(timeout.compareTo(Duration.ZERO) > 0, "request-timeout", timeout, "above 0");
    require(
        !gracefulShutdownTimeout.isNegative(),
        "graceful-shutdown-timeout",
        gracefulShutdownTimeout,
        "0s or longer");
  }

  /** Returns the most requests that one replica of an engine of this size holds. */
  public int maxOngoing(int maxNumSequences) {
    return maxOngoingRequests.orElse(4 * maxNumSequences);
  }

  /** Returns how long the answer to a request of these terms may take; empty for any time. */
  public Optional<Duration> timeout(RequestTerms terms) {
    Optional<Duration> own = terms.timeout();
    boolean shorter = own.isPresent() && own.get().compareTo(requestTimeout.orElse(own.get())) <= 0;
    return shorter ? own : requestTimeout;
  }

  private static void require(boolean holds, String key, Object value, String allowed) {
    ConfigRange.require(holds, "deployment-config." + key, value, allowed);
  }
}
