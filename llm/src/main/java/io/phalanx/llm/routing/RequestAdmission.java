package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The requests of one model that come to one ingress: which go to a replica at once, which wait for
 * a place, and which are refused because too many wait or because they cannot be answered in time.
 *
 * @param <R> a replica
 * @param <T> a request's own object
 */
public final class RequestAdmission<R, T> {
  private static final double NANOS_PER_SECOND = 1e9;

  /**
   * What becomes of a request.
   *
   * @param <R> a replica
   * @param <T> a request's own object
   */
  public sealed interface Outcome<R, T> {}

  /** The request goes to this replica. */
  public record Sent<R, T>(R replica) implements Outcome<R, T> {}

  /**
   * The request waits.
   *
   * @param displaced a request of a later rank that waits no longer, since too many do
   */
  public record Waits<R, T>(Optional<Refused<T>> displaced) implements Outcome<R, T> {}

  /** The request is refused. */
  public record Refusal<R, T>(ServingException error) implements Outcome<R, T> {}

  /** A request that had waited and is refused. */
  public record Refused<T>(T item, ServingException error) {}

  /** A request that had waited and goes to a replica. */
  public record Dispatched<R, T>(T item, R replica) {}

  private final ReplicaLoads<R> loads;
  private ReplicaPicker<R> picker;
  private final RequestQueue<T> queue = new RequestQueue<>();
  private final Map<T, RequestQueue.Entry<T>> waiting = new HashMap<>();
  private final OutputLengths lengths = new OutputLengths();
  private final WaitEstimate estimate;
  private AdmissionLimits limits;

  /** Creates it without any request or replica. */
  public RequestAdmission(AdmissionLimits limits, ReplicaPicker<R> picker) {
    this.limits = limits;
    this.loads = new ReplicaLoads<>(limits.maxOngoing());
    this.picker = picker;
    this.estimate = new WaitEstimate(loads, queue, limits.maxRunning());
  }

  /** Holds requests to other limits from now on. */
  public void limits(AdmissionLimits other) {
    limits = other;
    loads.maxOngoing(other.maxOngoing());
  }

  /** Chooses replicas in another way from now on. */
  public void picker(ReplicaPicker<R> other) {
    picker = other;
  }

  /** Returns the replicas and how busy they are. */
  public ReplicaLoads<R> loads() {
    return loads;
  }

  /** Sends a replica no further request. */
  public void forget(R replica) {
    loads.remove(replica);
    picker.removed(replica);
  }

  /**
   * Decides about a new request.
   *
   * @param item tells the request from others
   * @param timeLeft in which it must be answered; empty for any time
   */
  public Outcome<R, T> offer(
      T item, GenerationRequest request, Optional<Duration> timeLeft, long nowNanos) {
    Optional<ServingException> late = timeLeft.flatMap(time -> cannotBeAnsweredIn(time, request));
    if (late.isPresent()) {
      return new Refusal<>(late.get());
    }
    Optional<R> replica = queue.isEmpty() ? picker.pick(request, loads) : Optional.empty();
    if (replica.isPresent()) {
      estimate.forgetPromises();
      send(request, replica.get());
      return new Sent<>(replica.get());
    }
    if (!limits.isFull(queue.size())) {
      enqueue(item, request);
      return new Waits<>(Optional.empty());
    }
    return displace(item, request, nowNanos);
  }

  private Outcome<R, T> displace(T item, GenerationRequest request, long nowNanos) {
    ServingException full =
        limits.queueFull(queue.size(), estimate.nextPlace(lengths.tokens(request), nowNanos));
    if (queue.isEmpty() || queue.last().rank() <= rank(request)) {
      return new Refusal<>(full);
    }
    T last = queue.last().item();
    withdraw(last);
    enqueue(item, request);
    return new Waits<>(Optional.of(new Refused<>(last, full)));
  }

  private Optional<ServingException> cannotBeAnsweredIn(Duration time, GenerationRequest request) {
    long tokens = lengths.tokens(request);
    OptionalDouble wait = estimate.waitSeconds(rank(request), tokens);
    double needed = wait.orElse(0) + estimate.serviceSeconds(tokens).orElse(0);
    double left = time.toNanos() / NANOS_PER_SECOND;
    if (wait.orElse(0) == 0 || needed <= left) {
      return Optional.empty();
    }
    Duration retry = Duration.ofNanos((long) ((needed - left) * NANOS_PER_SECOND));
    return Optional.of(limits.tooLate(needed, left, WaitEstimate.bounded(retry)));
  }

  /** Lets a request wait again, first of its rank, whose replica was lost before it began. */
  public void readmit(T item, GenerationRequest request) {
    waiting.put(item, queue.addFirst(item, request, rank(request), lengths.tokens(request)));
  }

  private void enqueue(T item, GenerationRequest request) {
    waiting.put(item, queue.addLast(item, request, rank(request), lengths.tokens(request)));
  }

  /** Returns the next request that can be sent, which waits no longer; empty if none can. */
  public Optional<Dispatched<R, T>> poll() {
    if (queue.isEmpty()) {
      return Optional.empty();
    }
    RequestQueue.Entry<T> next = queue.first();
    Optional<R> replica = picker.pick(next.request(), loads);
    replica.ifPresent(
        picked -> {
          withdraw(next.item());
          send(next.request(), picked);
        });
    return replica.map(picked -> new Dispatched<>(next.item(), picked));
  }

  private void send(GenerationRequest request, R replica) {
    loads.sent(replica, lengths.tokens(request));
    picker.sent(request, replica);
  }

  /** Takes note of a request that has ended at a replica, with so many tokens if it is whole. */
  public void ended(R replica, Optional<Integer> outputTokens) {
    loads.ended(replica);
    outputTokens.ifPresent(lengths::learn);
  }

  /** Forgets a request that waits; returns whether it did. */
  public boolean withdraw(T item) {
    RequestQueue.Entry<T> entry = waiting.remove(item);
    return entry != null && queue.remove(entry);
  }

  /** Forgets all requests that wait and returns them in their order. */
  public List<T> withdrawAll() {
    List<T> all = new ArrayList<>();
    while (!queue.isEmpty()) {
      T item = queue.first().item();
      withdraw(item);
      all.add(item);
    }
    return all;
  }

  /** Returns how many requests wait. */
  public int size() {
    return queue.size();
  }

  private int rank(GenerationRequest request) {
    return limits.schedulingPolicy().rank(request);
  }
}
