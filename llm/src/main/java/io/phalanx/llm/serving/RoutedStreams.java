package io.phalanx.llm.serving;

import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.routing.ReplicaLoads;
import io.phalanx.llm.routing.RequestAdmission;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;

/** The streams of a {@link ReplicaRouter}, whose actor alone calls this. */
final class RoutedStreams {
  private final ActorRef<Replica.ToIngress> self;
  private final RequestAdmission<ActorRef<Replica.Command>, RoutedStream> admission;
  private final ReplicaLoads<ActorRef<Replica.Command>> loads;
  private final IngressBacklogReporter backlog;
  private final Map<String, RoutedStream> streams = new HashMap<>();
  private final Deadlines deadlines = new Deadlines();

  RoutedStreams(
      ActorRef<Replica.ToIngress> self,
      RequestAdmission<ActorRef<Replica.Command>, RoutedStream> admission,
      IngressBacklogReporter backlog) {
    this.self = self;
    this.admission = admission;
    this.loads = admission.loads();
    this.backlog = backlog;
  }

  boolean isEmpty() {
    return streams.isEmpty();
  }

  boolean contains(String requestId) {
    return streams.containsKey(requestId);
  }

  /** Sends a new request, lets it wait, or refuses it. */
  void open(ReplicaRouter.Open open, Optional<Duration> timeout) {
    long now = System.nanoTime();
    RoutedStream stream = new RoutedStream(open.request(), open.sink(), timeout, now);
    RequestAdmission.Outcome<ActorRef<Replica.Command>, RoutedStream> outcome =
        admission.offer(stream, open.request(), timeout, now);
    if (outcome instanceof RequestAdmission.Refusal<?, ?> refusal) {
      open.sink().fail(refusal.error());
      return;
    }
    streams.put(stream.requestId(), stream);
    deadlines.add(stream);
    if (outcome instanceof RequestAdmission.Sent<ActorRef<Replica.Command>, ?> sent) {
      send(stream, sent.replica());
    } else if (outcome instanceof RequestAdmission.Waits<?, RoutedStream> waits) {
      waits.displaced().ifPresent(refused -> drop(refused.item(), refused.error()));
      backlog.waiting(admission.size());
    }
  }

  private void send(RoutedStream stream, ActorRef<Replica.Command> replica) {
    stream.sentTo(replica, System.nanoTime());
    replica.tell(new Replica.Generate(stream.request(), self));
  }

  /** Sends what waits, as far as replicas have room. */
  void sendWaiting() {
    Optional<RequestAdmission.Dispatched<ActorRef<Replica.Command>, RoutedStream>> next =
        admission.poll();
    while (next.isPresent()) {
      send(next.get().item(), next.get().replica());
      next = admission.poll();
    }
    backlog.waiting(admission.size());
  }

  /** Hands the events of one step to their streams. */
  void deliver(Replica.Tokens tokens) {
    loads.report(tokens.replica(), tokens.backlogRequests());
    long now = System.nanoTime();
    boolean ended = false;
    for (TokenEvent event : tokens.events()) {
      RoutedStream stream = find(tokens.replica(), event.requestId());
      if (stream != null && stream.misses(event)) {
        askAgain(stream);
      } else if (stream != null && stream.deliver(event, now) && event.finishReason() != null) {
        forget(stream, Optional.of(event.position() + 1));
        ended = true;
      }
    }
    if (ended) {
      sendWaiting();
    }
  }

  /** Returns a stream at a replica, or null if it is not there (any more). */
  @Nullable RoutedStream find(ActorRef<Replica.Command> replica, String requestId) {
    RoutedStream stream = streams.get(requestId);
    return stream != null && stream.isAt(replica) ? stream : null;
  }

  private void askAgain(RoutedStream stream) {
    tell(stream, new Replica.Resend(stream.requestId(), stream.nextPosition(), self));
  }

  private static void tell(RoutedStream stream, Replica.Command message) {
    ActorRef<Replica.Command> replica = stream.replica();
    if (replica != null) {
      replica.tell(message);
    }
  }

  /** Ends a request that its reader does not want any more. */
  void cancel(ReplicaRouter.Cancel cancel) {
    RoutedStream stream = streams.get(cancel.requestId());
    if (stream != null && stream.sink() == cancel.sink()) {
      abort(stream);
      sendWaiting();
    }
  }

  private void abort(RoutedStream stream) {
    tell(stream, new Replica.Abort(stream.requestId()));
    forget(stream, Optional.empty());
  }

  private void forget(RoutedStream stream, Optional<Integer> outputTokens) {
    streams.remove(stream.requestId());
    deadlines.remove(stream);
    ActorRef<Replica.Command> replica = stream.replica();
    if (replica == null) {
      admission.withdraw(stream);
    } else {
      admission.ended(replica, outputTokens);
    }
  }

  private void drop(RoutedStream stream, ServingException error) {
    stream.sink().fail(error);
    forget(stream, Optional.empty());
  }

  /** Gives away what waits. */
  void moveWaiting(Consumer<ReplicaRouter.Open> taker) {
    for (RoutedStream stream : admission.withdrawAll()) {
      forget(stream, Optional.empty());
      taker.accept(new ReplicaRouter.Open(stream.request(), stream.sink(), stream.deadline()));
    }
    backlog.waiting(0);
  }

  /** Ends what waits. */
  void dropWaiting(ServingException error) {
    admission.withdrawAll().forEach(stream -> drop(stream, error));
    backlog.waiting(0);
  }

  /** Ends everything. */
  void dropAll(ServingException error) {
    List.copyOf(streams.values()).forEach(stream -> drop(stream, error));
  }

  /** Gives the request to another replica if this one did not take it, else ends it. */
  void failed(Replica.RequestFailed failed) {
    RoutedStream stream = find(failed.replica(), failed.requestId());
    if (stream == null) {
      return;
    }
    boolean hasFailed = failed.code() == ErrorCode.REPLICA_FAILED;
    if (failed.code() == ErrorCode.OVERLOADED || hasFailed) {
      loads.full(failed.replica());
    }
    if (failed.code() == ErrorCode.NOT_READY
        || failed.code() == ErrorCode.OVERLOADED
        || (hasFailed && stream.beginsAnew())) {
      putBack(stream);
    } else {
      drop(stream, RouterErrors.of(failed));
    }
    sendWaiting();
  }

  /** Lets a request of which nothing was delivered wait again, before all others of its rank. */
  private void putBack(RoutedStream stream) {
    ActorRef<Replica.Command> replica = stream.replica();
    if (replica != null) {
      admission.ended(replica, Optional.empty());
    }
    stream.waits(System.nanoTime());
    admission.readmit(stream, stream.request());
  }

  /** Ends what a replica that is gone has begun, and gives what it has not to another one. */
  void lose(ActorRef<Replica.Command> replica, ServingException error) {
    for (RoutedStream stream : List.copyOf(streams.values())) {
      if (stream.isAt(replica) && stream.beginsAnew()) {
        putBack(stream);
      } else if (stream.isAt(replica)) {
        drop(stream, error);
      }
    }
    sendWaiting();
  }

  /** Asks silent replicas for events, and ends what was asked for in vain too often. */
  void askTheSilent(Duration silence, ServingException error) {
    long now = System.nanoTime();
    for (RoutedStream stream : List.copyOf(streams.values())) {
      if (!stream.askIfSilent(silence, now)) {
        continue;
      }
      if (stream.isGivenUp()) {
        stream.sink().fail(error);
        abort(stream);
      } else {
        askAgain(stream);
      }
    }
    sendWaiting();
  }

  /** Ends what has waited for so long while there is no replica. */
  void endWaitForReplica(Duration patience, ServingException error) {
    long now = System.nanoTime();
    for (RoutedStream stream : List.copyOf(streams.values())) {
      if (loads.size() == 0 && stream.hasWaited(patience, now)) {
        drop(stream, error);
      }
    }
    backlog.waiting(admission.size());
  }

  /** Ends what has taken longer than it may. */
  void endLate(RouterErrors errors) {
    long now = System.nanoTime();
    for (RoutedStream late = deadlines.pollPassed(now);
        late != null;
        late = deadlines.pollPassed(now)) {
      late.sink().fail(errors.timedOut(late));
      abort(late);
    }
    sendWaiting();
  }

  /** Returns how long it is until the next request is late; empty if none can be. */
  OptionalLong nanosToNextDeadline() {
    return deadlines.nanosToNext(System.nanoTime());
  }
}
