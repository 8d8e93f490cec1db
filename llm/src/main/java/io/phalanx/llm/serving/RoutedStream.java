package io.phalanx.llm.serving;

import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/**
 * One request at its router: where it is, which of its events come next, and until when it may
 * take.
 *
 * <pre>
 * waiting -> sent     a replica has room
 * sent    -> waiting  its replica is lost before the first token
 * any     -> gone     last token, failure, cancel, deadline
 * </pre>
 */
final class RoutedStream {
  /** How often a silent replica is asked for its events before the request is given up. */
  private static final int MAX_ASKED = 20;

  /** How many failing replicas a request may have been sent to before it counts as their fault. */
  private static final int MAX_FAILURES = 3;

  private final GenerationRequest request;
  private final TokenSink sink;
  private final long deadlineNanos;
  private final boolean hasDeadline;
  private @Nullable ActorRef<Replica.Command> replica;
  private int nextPosition;
  private long heardNanos;
  private int asked;
  private int failures;

  /** Creates the stream of a request that came now and may take {@code timeout}. */
  RoutedStream(
      GenerationRequest request, TokenSink sink, Optional<Duration> timeout, long nowNanos) {
    this.request = request;
    this.sink = sink;
    this.hasDeadline = timeout.isPresent();
    this.deadlineNanos = nowNanos + timeout.orElse(Duration.ZERO).toNanos();
    this.heardNanos = nowNanos;
  }

  GenerationRequest request() {
    return request;
  }

  String requestId() {
    return request.requestId();
  }

  TokenSink sink() {
    return sink;
  }

  /** Returns who generates; null while the request waits. */
  @Nullable ActorRef<Replica.Command> replica() {
    return replica;
  }

  void sentTo(ActorRef<Replica.Command> target, long nowNanos) {
    replica = target;
    heardNanos = nowNanos;
    asked = 0;
  }

  void waits(long nowNanos) {
    replica = null;
    heardNanos = nowNanos;
  }

  boolean isAt(ActorRef<Replica.Command> other) {
    return other.equals(replica);
  }

  /**
   * The replica has failed. Returns whether another one may begin anew: nothing was delivered, and
   * the request has not seen so many fail that it may be what ends them.
   */
  boolean beginsAnew() {
    failures++;
    return nextPosition == 0 && failures < MAX_FAILURES;
  }

  int nextPosition() {
    return nextPosition;
  }

  /** Returns whether an event before this one is missing. */
  boolean misses(TokenEvent event) {
    return event.position() > nextPosition;
  }

  /** Delivers an event if it is the next one; returns whether it was. */
  boolean deliver(TokenEvent event, long nowNanos) {
    if (event.position() != nextPosition) {
      return false;
    }
    nextPosition++;
    heard(nowNanos);
    sink.event(event);
    return true;
  }

  /** Takes note of a sign of life. */
  void heard(long nowNanos) {
    heardNanos = nowNanos;
    asked = 0;
  }

  /** Returns whether the replica should be asked for the next event; counts that it is. */
  boolean askIfSilent(Duration silence, long nowNanos) {
    boolean silent = replica != null && nowNanos - heardNanos >= silence.toNanos();
    asked += silent ? 1 : 0;
    return silent;
  }

  /** Returns whether the replica was asked in vain too often. */
  boolean isGivenUp() {
    return asked > MAX_ASKED;
  }

  /** Returns whether it has waited for a replica for so long. */
  boolean hasWaited(Duration patience, long nowNanos) {
    return replica == null && nowNanos - heardNanos >= patience.toNanos();
  }

  /** Returns until when it may take, by {@link System#nanoTime}; empty for any time. */
  OptionalLong deadline() {
    return hasDeadline ? OptionalLong.of(deadlineNanos) : OptionalLong.empty();
  }

  boolean hasDeadline() {
    return hasDeadline;
  }

  long deadlineNanos() {
    return deadlineNanos;
  }
}
