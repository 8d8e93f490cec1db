package io.phalanx.llm.serving;

import java.util.Comparator;
import java.util.OptionalLong;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The streams that have a deadline, the earliest first. */
final class Deadlines {
  private final TreeSet<RoutedStream> streams =
      new TreeSet<>(
          Comparator.comparingLong(RoutedStream::deadlineNanos)
              .thenComparing(RoutedStream::requestId));

  /** Adds a stream if it has a deadline. */
  void add(RoutedStream stream) {
    if (stream.hasDeadline()) {
      streams.add(stream);
    }
  }

  void remove(RoutedStream stream) {
    if (stream.hasDeadline()) {
      streams.remove(stream);
    }
  }

  /** Removes a stream whose deadline has passed and returns it; null if there is none. */
  @Nullable RoutedStream pollPassed(long nowNanos) {
    boolean passed = !streams.isEmpty() && streams.first().deadlineNanos() - nowNanos <= 0;
    return passed ? streams.pollFirst() : null;
  }

  /** Returns how long it is until the next deadline. */
  OptionalLong nanosToNext(long nowNanos) {
    return streams.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(Math.max(0, streams.first().deadlineNanos() - nowNanos));
  }
}
