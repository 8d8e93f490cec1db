package io.phalanx.llm.bench;

import java.util.Arrays;

/**
 * When the events of one request came, in nanoseconds of one clock.
 *
 * @param sentNanos when it was sent
 * @param eventNanos when each event came, at least one
 * @param outputTokens tokens that it generated; an event may carry several
 */
@SuppressWarnings("ArrayRecordComponent") // never changed or compared
record RequestTimes(long sentNanos, long[] eventNanos, int outputTokens) {

  /** Returns the time from the request to its first token. */
  long firstTokenNanos() {
    return eventNanos[0] - sentNanos;
  }

  /** Returns the gaps between events. */
  long[] gapNanos() {
    long[] gaps = new long[eventNanos.length - 1];
    Arrays.setAll(gaps, i -> eventNanos[i + 1] - eventNanos[i]);
    return gaps;
  }

  /** Returns when the last event came. */
  long endNanos() {
    return eventNanos[eventNanos.length - 1];
  }

  /** Returns tokens per second after the first token, or 0 where there is no second one. */
  double decodeTokensPerSecond() {
    long nanos = endNanos() - eventNanos[0];
    return nanos == 0 ? 0 : (outputTokens - 1) * 1e9 / nanos;
  }
}
