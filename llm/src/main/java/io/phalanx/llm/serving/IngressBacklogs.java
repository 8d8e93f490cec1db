package io.phalanx.llm.serving;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The requests of one model that wait at ingresses because there is no replica for them. What an
 * ingress does not repeat is forgotten, so that one that is gone counts no longer.
 *
 * @param <I> tells ingresses apart
 */
final class IngressBacklogs<I> {
  /** How long a report counts. */
  static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(5);

  private record Report(int waitingRequests, long atNanos) {}

  private final Map<I, Report> reports = new HashMap<>();

  void report(I ingress, int waitingRequests, long nowNanos) {
    if (waitingRequests > 0) {
      reports.put(ingress, new Report(waitingRequests, nowNanos));
    } else {
      reports.remove(ingress);
    }
  }

  /** Returns the requests that wait at all ingresses. */
  int total(long nowNanos) {
    reports.values().removeIf(report -> nowNanos - report.atNanos() > KEPT_NANOS);
    return reports.values().stream().mapToInt(Report::waitingRequests).sum();
  }
}
