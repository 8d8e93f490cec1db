package io.phalanx.llm.serving;

import io.phalanx.llm.AggregationFunction;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/**
 * The values of the last while, each of which holds until the next; what lies before the first is
 * not known and does not count.
 */
final class LookBackWindow {
  private record Sample(long atNanos, double value) {}

  private final Deque<Sample> samples = new ArrayDeque<>();

  /** Adds the value that holds from now on; time never runs backward. */
  void add(long atNanos, double value) {
    samples.addLast(new Sample(atNanos, value));
  }

  /** Returns what is taken of the values between {@code periodNanos} ago and the newest. */
  double aggregate(AggregationFunction function, long periodNanos) {
    long start = samples.getLast().atNanos() - periodNanos;
    forgetBefore(start);
    return switch (function) {
      case MEAN -> mean(start);
      case MAX -> samples.stream().mapToDouble(Sample::value).max().orElse(0);
      case MIN -> samples.stream().mapToDouble(Sample::value).min().orElse(0);
    };
  }

  /** Keeps the one sample from before the start that still held then. */
  private void forgetBefore(long start) {
    Sample oldest = samples.removeFirst();
    while (!samples.isEmpty() && samples.getFirst().atNanos() <= start) {
      oldest = samples.removeFirst();
    }
    samples.addFirst(oldest);
  }

  /** The newest value has held for no time yet, so it counts only where it is the only one. */
  private double mean(long start) {
    double weighted = 0;
    long total = 0;
    Iterator<Sample> iterator = samples.iterator();
    Sample sample = iterator.next();
    while (iterator.hasNext()) {
      Sample next = iterator.next();
      long lasted = next.atNanos() - Math.max(start, sample.atNanos());
      weighted += lasted * sample.value();
      total += lasted;
      sample = next;
    }
    return total == 0 ? sample.value() : weighted / total;
  }
}
