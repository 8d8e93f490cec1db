package io.phalanx.llm.engine;

import io.phalanx.llm.engine.SchedulerOutput.Scheduled;
import io.phalanx.runtime.metrics.HistogramCounts;
import io.phalanx.runtime.metrics.HistogramRecorder;
import io.phalanx.runtime.metrics.Metric;
import java.util.HashMap;
import java.util.Map;

/**
 * How long sequences wait from their arrival until a step first computes some of their tokens.
 * Times are nanoseconds of the caller's clock. A sequence that leaves before counts for nothing.
 */
final class QueueTimes {
  private static final double NANOS_PER_SECOND = 1e9;

  private final Map<Sequence, Long> arrivals = new HashMap<>();
  private final HistogramRecorder seconds = new HistogramRecorder(Metric.REQUEST_QUEUE_TIME);

  /** A sequence begins to wait. */
  void arrived(Sequence sequence, long nowNanos) {
    arrivals.put(sequence, nowNanos);
  }

  /** A step is scheduled. */
  void scheduled(SchedulerOutput step, long nowNanos) {
    if (arrivals.isEmpty()) {
      return;
    }
    for (Scheduled scheduled : step.scheduled()) {
      Long arrival = arrivals.remove(scheduled.sequence());
      if (arrival != null) {
        seconds.observe((nowNanos - arrival) / NANOS_PER_SECOND);
      }
    }
  }

  /** A sequence leaves the engine. */
  void left(Sequence sequence) {
    arrivals.remove(sequence);
  }

  /** Returns the seconds that the sequences have waited. */
  HistogramCounts seconds() {
    return seconds.counts();
  }
}
