package io.phalanx.runtime.collective;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What the ranks of one in-memory group share: what they bring to the operation that is on, how
 * often each has arrived, and a mailbox for each pair of ranks.
 *
 * <p>A tensor in here is a handle of the group's own, so its memory outlives the call that brought
 * it, even if that call ends by an abort while another rank still reads.
 */
final class InMemoryGroup {
  private static final Map<String, InMemoryGroup> GROUPS = new HashMap<>();

  /** How many groups are remembered that ended before all of their ranks had joined. */
  private static final int MOST_ENDED = 1_024;

  /** Why such groups ended, for their ranks that come late, the oldest first. */
  private static final Map<String, String> ENDED = new LinkedHashMap<>();

  /** Messages that may wait between two ranks: more than any pipeline keeps in flight. */
  private static final int MOST_WAITING = 16;

  /** Counters between two that different ranks write, so that they are on different cache lines. */
  private static final int STRIDE = 16;

  private final String key;
  private final ThreadWaits waits;
  private final AtomicLongArray arrivals;
  private final AtomicReferenceArray<@Nullable Contribution> contributions;
  private final Map<Integer, ArrayBlockingQueue<Tensor>> mailboxes = new ConcurrentHashMap<>();
  private final Set<Integer> joined = new HashSet<>();
  private final Set<Integer> left = new HashSet<>();
  private final int size;

  private InMemoryGroup(String key, GroupSpec spec) {
    this.key = key;
    this.size = spec.size();
    this.waits = new ThreadWaits(key, spec);
    this.arrivals = new AtomicLongArray((size + 1) * STRIDE);
    this.contributions = new AtomicReferenceArray<>(2 * size);
  }

  /** Returns the group of this name and epoch in this JVM, with {@code rank} in it. */
  static InMemoryGroup join(GroupSpec spec, int rank) {
    String key = spec.key();
    synchronized (GROUPS) {
      InMemoryGroup group = GROUPS.computeIfAbsent(key, k -> create(k, spec));
      if (group.size != spec.size() || !group.joined.add(rank)) {
        throw new IllegalArgumentException(
            "rank [" + rank + "] of [" + spec + "] has joined before, or the sizes differ");
      }
      return group;
    }
  }

  /** A rank that comes after the others have left again finds the group failed as they left it. */
  private static InMemoryGroup create(String key, GroupSpec spec) {
    InMemoryGroup group = new InMemoryGroup(key, spec);
    String reason = ENDED.get(key);
    if (reason != null) {
      group.waits.fail(reason);
    }
    return group;
  }

  /** Takes {@code rank} out for good; the last one frees what is left. */
  void leave(int rank) {
    waits.fail("rank " + rank + " has left");
    synchronized (GROUPS) {
      left.add(rank);
      if (left.equals(joined)) {
        GROUPS.remove(key);
        rememberEnd();
        free();
      }
    }
  }

  private void rememberEnd() {
    if (joined.size() < size) {
      ENDED.put(key, Objects.requireNonNull(waits.failure()));
    }
    if (ENDED.size() > MOST_ENDED) {
      ENDED.remove(ENDED.keySet().iterator().next());
    }
  }

  int size() {
    return size;
  }

  boolean isWaiting(int rank) {
    return waits.isParked(rank);
  }

  void abort(String reason) {
    waits.fail(reason);
  }

  /**
   * Brings {@code contribution} to an operation; the others see it after the next meeting, and
   * until the meeting after the next operation's first.
   *
   * @param operation the number of the operation, of which the last two are kept
   */
  void bring(long operation, int rank, Contribution contribution) {
    contributions.set(index(operation, rank), contribution);
  }

  /** Returns what {@code rank} has brought. */
  Contribution brought(long operation, int rank) {
    Contribution contribution = contributions.get(index(operation, rank));
    if (contribution == null) {
      throw new IllegalStateException("rank " + rank + " has brought nothing");
    }
    return contribution;
  }

  /** Takes back what {@code rank} has brought, once nobody reads it any more. */
  void takeBack(long operation, int rank) {
    brought(operation, rank).release();
    contributions.set(index(operation, rank), null);
  }

  /** Fails the group unless all have brought the same kind and amount. */
  void requireSame(long operation) {
    Contribution first = brought(operation, 0);
    for (int rank = 1; rank < size; rank++) {
      Contribution other = brought(operation, rank);
      if (!other.isLike(first)) {
        abort("ranks came with different tensors: " + first + " and " + other);
        waits.requireAlive();
      }
    }
  }

  /** Waits until all ranks have arrived as often as {@code rank}, this time included. */
  void meet(int rank, String what) {
    waits.requireAlive();
    long times = arrivals.get(STRIDE * (rank + 1)) + 1;
    arrivals.set(STRIDE * (rank + 1), times);
    waits.wake();
    waits.await(rank, () -> allHaveArrived(times), what);
  }

  /** Puts {@code tensor}, which becomes the group's, into the mailbox; waits while that is full. */
  void put(int source, int destination, Tensor tensor) {
    ArrayBlockingQueue<Tensor> box = mailbox(source, destination);
    waits.requireAlive();
    waits.await(source, () -> box.offer(tensor), "rank " + destination + " to receive");
    waits.wake();
  }

  /**
   * Takes the next tensor, which becomes the caller's, from the mailbox; waits until there is one.
   */
  Tensor take(int source, int destination) {
    ArrayBlockingQueue<Tensor> box = mailbox(source, destination);
    @Nullable Tensor[] taken = new @Nullable Tensor[1];
    waits.await(
        destination, () -> (taken[0] = box.poll()) != null, "what rank " + source + " sends");
    waits.wake();
    return Objects.requireNonNull(taken[0]);
  }

  private boolean allHaveArrived(long times) {
    for (int rank = 0; rank < size; rank++) {
      if (arrivals.get(STRIDE * (rank + 1)) < times) {
        return false;
      }
    }
    return true;
  }

  private int index(long operation, int rank) {
    return (int) (operation % 2) * size + rank;
  }

  private ArrayBlockingQueue<Tensor> mailbox(int source, int destination) {
    return mailboxes.computeIfAbsent(
        source * size + destination, k -> new ArrayBlockingQueue<>(MOST_WAITING));
  }

  private void free() {
    for (int i = 0; i < contributions.length(); i++) {
      Contribution contribution = contributions.getAndSet(i, null);
      if (contribution != null) {
        contribution.release();
      }
    }
    mailboxes.values().forEach(box -> box.forEach(Tensor::releaseReference));
    mailboxes.clear();
  }
}
