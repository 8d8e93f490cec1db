package io.phalanx.runtime.collective;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What the ranks of one in-memory group share: the tensors they show each other, a barrier, and a
 * mailbox for each pair of ranks.
 *
 * <p>A shown or sent tensor is a handle of the group's own, so its memory outlives the call that
 * showed it, even if that call ends by an abort while another rank still reads.
 */
final class InMemoryGroup {
  private static final Map<String, InMemoryGroup> GROUPS = new HashMap<>();

  /** Messages that may wait between two ranks: more than any pipeline keeps in flight. */
  private static final int MOST_WAITING = 16;

  /** How long a rank spins before it parks; a wake-up costs about as much. */
  private static final long SPIN_NANOS = 20_000;

  private final String key;
  private final AbortableMonitor monitor;
  private final boolean spins;
  private final @Nullable Tensor[] shown;
  private final Map<Integer, Queue<Tensor>> mailboxes = new HashMap<>();
  private final Set<Integer> joined = new HashSet<>();
  private final Set<Integer> left = new HashSet<>();
  private int arrived;
  private volatile long round;

  private InMemoryGroup(String key, GroupSpec spec) {
    this.key = key;
    this.monitor = new AbortableMonitor(key, spec.timeout());
    this.shown = new Tensor[spec.size()];
    this.spins = Runtime.getRuntime().availableProcessors() >= spec.size();
  }

  /** Returns the group of this name and epoch in this JVM, with {@code rank} in it. */
  static InMemoryGroup join(GroupSpec spec, int rank) {
    String key = spec.name() + "#" + spec.epoch();
    synchronized (GROUPS) {
      InMemoryGroup group = GROUPS.computeIfAbsent(key, k -> new InMemoryGroup(k, spec));
      if (group.size() != spec.size() || !group.joined.add(rank)) {
        throw new IllegalArgumentException(
            "rank [" + rank + "] of [" + spec + "] has joined before, or the sizes differ");
      }
      return group;
    }
  }

  /** Takes {@code rank} out for good; the last one frees what is left. */
  void leave(int rank) {
    monitor.fail("rank " + rank + " has left");
    synchronized (GROUPS) {
      left.add(rank);
      if (left.equals(joined)) {
        GROUPS.remove(key);
        free();
      }
    }
  }

  int size() {
    return shown.length;
  }

  void abort(String reason) {
    monitor.fail(reason);
  }

  /** Shows {@code tensor} to the others until {@link #hide}; they see it after the next meeting. */
  void show(int rank, Tensor tensor) {
    Tensor own = share(tensor);
    monitor.update(() -> shown[rank] = own);
  }

  /** Returns what {@code rank} shows. */
  Tensor shown(int rank) {
    Tensor tensor = shown[rank];
    if (tensor == null) {
      throw new IllegalStateException("rank " + rank + " shows nothing");
    }
    return tensor;
  }

  void hide(int rank) {
    Tensor own = shown(rank);
    monitor.finish(() -> shown[rank] = null);
    own.releaseReference();
  }

  /**
   * Waits until all ranks have come.
   *
   * @param last done by the rank that comes last, before the others go on
   */
  void meet(Runnable last, String what) {
    long[] mine = new long[1];
    monitor.update(
        () -> {
          mine[0] = round;
          if (++arrived == size()) {
            runOrFail(last);
            arrived = 0;
            round = mine[0] + 1;
          }
        });
    spinWhile(mine[0]);
    if (round == mine[0]) {
      monitor.await(() -> round != mine[0], () -> {}, what);
    }
  }

  /** Puts {@code tensor}, which becomes the group's, into the mailbox; waits while that is full. */
  void put(int source, int destination, Tensor tensor) {
    Queue<Tensor> box = mailbox(source, destination);
    monitor.await(
        () -> box.size() < MOST_WAITING,
        () -> box.add(tensor),
        "rank " + destination + " to receive");
  }

  /**
   * Takes the next tensor, which becomes the caller's, from the mailbox; waits until there is one.
   */
  Tensor take(int source, int destination) {
    Queue<Tensor> box = mailbox(source, destination);
    Tensor[] taken = new Tensor[1];
    monitor.await(
        () -> !box.isEmpty(), () -> taken[0] = box.remove(), "what rank " + source + " sends");
    return taken[0];
  }

  /** Returns a handle of the same tensor that no scope of the caller's frees. */
  static Tensor share(Tensor tensor) {
    Tensor own = new Tensor(tensor);
    own.retainReference();
    return own;
  }

  private Queue<Tensor> mailbox(int source, int destination) {
    synchronized (mailboxes) {
      return mailboxes.computeIfAbsent(source * size() + destination, k -> new ArrayDeque<>());
    }
  }

  private void runOrFail(Runnable last) {
    try {
      last.run();
    } catch (RuntimeException e) {
      monitor.fail(String.valueOf(e.getMessage()));
      throw e;
    }
  }

  private void spinWhile(long mine) {
    if (!spins) {
      return;
    }
    long deadline = System.nanoTime() + SPIN_NANOS;
    while (round == mine && !monitor.hasFailed() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
  }

  private void free() {
    Arrays.stream(shown)
        .filter(tensor -> tensor != null)
        .forEach(tensor -> tensor.releaseReference());
    Arrays.fill(shown, null);
    mailboxes.values().forEach(box -> box.forEach(Tensor::releaseReference));
    mailboxes.clear();
  }
}
