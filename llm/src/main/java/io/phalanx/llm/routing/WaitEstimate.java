package io.phalanx.llm.routing;

import java.time.Duration;
import java.util.OptionalDouble;

/**
 * How long requests wait and take, by the replicas' backlogs and the rates at which they were seen
 * to work.
 */
/*
 * Replicas that are full let the next request in whenever one ends. As each one that waits takes the place
 * of one of about its own size, a request waits as long as the replicas take for the tokens of all that
 * wait before it, and for one request more. It then shares them with all that run.
 */
final class WaitEstimate {
  private static final double NANOS_PER_SECOND = 1e9;
  private static final Duration LEAST_RETRY = Duration.ofSeconds(1);
  private static final Duration MOST_RETRY = Duration.ofSeconds(60);

  private final ReplicaLoads<?> loads;
  private final RequestQueue<?> queue;
  private final int maxRunning;
  private long nextPlaceNanos = Long.MIN_VALUE;

  /**
   * Creates the estimates of one model.
   *
   * @param maxRunning most requests that one replica runs at the same time
   */
  WaitEstimate(ReplicaLoads<?> loads, RequestQueue<?> queue, int maxRunning) {
    this.loads = loads;
    this.queue = queue;
    this.maxRunning = maxRunning;
  }

  /** Returns how long a new request would wait; 0 if it starts at once, empty if not known. */
  OptionalDouble waitSeconds(int rank, long tokens) {
    if (queue.isEmpty() && loads.anyStartsAtOnce(maxRunning)) {
      return OptionalDouble.of(0);
    }
    double ahead = (double) queue.tokensAhead(rank) + tokens;
    return seconds(ahead + loads.waitingTokens(maxRunning));
  }

  /** Returns how long a request takes once it runs; empty if not known. */
  OptionalDouble serviceSeconds(long tokens) {
    return seconds((double) tokens * Math.max(1, loads.running(maxRunning)));
  }

  private OptionalDouble seconds(double tokens) {
    OptionalDouble rate = loads.tokensPerSecond();
    return rate.isPresent() ? OptionalDouble.of(tokens / rate.getAsDouble()) : rate;
  }

  /**
   * Returns after how long a place will be free for a request that was refused. Each call promises
   * another place, so that those who were refused together do not come back together.
   */
  Duration nextPlace(long tokens, long nowNanos) {
    long interval = (long) (seconds((double) tokens).orElse(0) * NANOS_PER_SECOND);
    long most = nowNanos + MOST_RETRY.toNanos();
    boolean past = nextPlaceNanos == Long.MIN_VALUE || nextPlaceNanos - nowNanos < 0;
    nextPlaceNanos = Math.min(most, (past ? nowNanos : nextPlaceNanos) + interval);
    return bounded(Duration.ofNanos(nextPlaceNanos - nowNanos));
  }

  /** Forgets what was promised, since a request has found a place at once. */
  void forgetPromises() {
    nextPlaceNanos = Long.MIN_VALUE;
  }

  /** Returns a duration, but at least a second and at most a minute. */
  static Duration bounded(Duration duration) {
    Duration least = duration.compareTo(LEAST_RETRY) < 0 ? LEAST_RETRY : duration;
    return least.compareTo(MOST_RETRY) > 0 ? MOST_RETRY : least;
  }
}
