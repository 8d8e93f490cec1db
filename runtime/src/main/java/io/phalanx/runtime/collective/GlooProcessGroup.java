package io.phalanx.runtime.collective;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process group of ranks in several JVMs of this machine: gloo over the nodes' own loopback
 * addresses, with a file as rendezvous.
 *
 * <p>A sum gathers all ranks' tensors and adds them in rank order on each rank: the same bits
 * everywhere, and the same as in memory. A sent tensor is copied and goes its way while the rank
 * computes on; errors of it appear at the next operation.
 */
final class GlooProcessGroup extends GatheringProcessGroup {
  /** How long a wait for a collective spins, and how long it parks at a time after that. */
  private static final long SPIN_NANOS = 20_000;

  private static final long PAUSE_NANOS = 50_000;

  /** Tensors that may be under way to other ranks before a send waits for the oldest. */
  private static final int MOST_SENDING = 8;

  private static final int TAG = 0;

  private static final long CLOSE_WAIT_MILLIS = 1000;
  private static final Logger LOG = LoggerFactory.getLogger(GlooProcessGroup.class);

  /** A tensor under way, which must live until it has been received. */
  private record Sending(Work work, TensorVector tensors) {
    void release() {
      work.releaseReference();
      tensors.releaseReference();
    }
  }

  private final String name;
  private final Duration timeout;
  private final GlooConnection connection;
  private final Deque<Sending> sending = new ArrayDeque<>();
  private final AtomicReference<@Nullable String> failure = new AtomicReference<>();

  /** The transfers that the rank waits for and {@link #abort} may end; guarded by itself. */
  private final Set<Work> abortable = new HashSet<>();

  private volatile boolean waiting;

  private GlooProcessGroup(GroupSpec spec, int rank, GlooConnection connection) {
    super(spec, rank);
    this.name = spec.key();
    this.timeout = spec.timeout();
    this.connection = connection;
  }

  static GlooProcessGroup join(GroupSpec spec, int rank) {
    return new GlooProcessGroup(spec, rank, GlooConnection.open(spec, rank));
  }

  @Override
  public void send(Tensor tensor, int destination) {
    requireAlive();
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      TensorVector copy = new TensorVector(tensor.is_cuda() ? tensor.cpu() : tensor.clone());
      copy.retainReference();
      Work work = start(() -> connection.gloo().send(copy, destination, TAG));
      work.retainReference();
      sending.add(new Sending(work, copy));
    }
    while (sending.size() > MOST_SENDING) {
      Sending oldest = sending.remove();
      awaitTransfer(oldest.work(), "rank " + destination + " to receive");
      oldest.release();
    }
  }

  @Override
  public void receive(Tensor into, int source) {
    requireAlive();
    try (InferenceMode mode = new InferenceMode(true);
        PointerScope scope = new PointerScope()) {
      Ranks.keep(mode, scope);
      Tensor received = onCpu(into);
      TensorVector tensors = new TensorVector(received);
      Work work = start(() -> connection.gloo().recv(tensors, source, TAG));
      awaitTransfer(work, "what rank " + source + " sends");
      if (into.is_cuda()) {
        into.copy_(received);
      }
    }
  }

  @Override
  public boolean isWaiting() {
    return waiting;
  }

  @Override
  public void abort(String reason) {
    failure.compareAndSet(null, reason);
    synchronized (abortable) {
      abortable.forEach(GlooProcessGroup::abortQuietly);
    }
  }

  @Override
  public void close() {
    if (!failure.compareAndSet(null, "rank " + rank() + " has left")) {
      // Ends only when what is under way has ended, at the latest by gloo's own timeout.
      Thread closer = new Thread(this::free, "phalanx-gloo-close");
      closer.setDaemon(true);
      closer.start();
    } else {
      finishSending();
      free();
    }
  }

  @Override
  Tensor gather(Tensor flat, String what) {
    requireAlive();
    Tensor all = flat.new_empty(size(), flat.numel());
    Tensor bytes = flat.view(torch.ScalarType.Byte);
    Tensor allBytes = all.view(-1).view(torch.ScalarType.Byte);
    Work work = start(() -> connection.gloo()._allgather_base(allBytes, bytes));
    awaitCollective(work, what);
    return all;
  }

  private Work start(Supplier<Work> operation) {
    try {
      return operation.get();
    } catch (RuntimeException e) {
      throw failed("an operation could not start: " + firstLine(e), e);
    }
  }

  /**
   * Waits for a collective, which cannot be aborted and does not outlive a wait of LibTorch's own
   * that times out, so this looks whether it is done, at first often and then now and then.
   */
  private void awaitCollective(Work work, String what) {
    long start = System.nanoTime();
    waiting = true;
    try {
      while (!work.isCompleted()) {
        requireAlive();
        long waited = System.nanoTime() - start;
        if (waited > timeout.toNanos()) {
          throw failed(what + " did not come within " + timeout.toMillis() + " ms", null);
        }
        pause(waited);
      }
      end(work::_wait, what);
    } finally {
      waiting = false;
    }
  }

  private void end(Runnable wait, String what) {
    try {
      wait.run();
    } catch (RuntimeException e) {
      throw failed("waited for " + what + ": " + firstLine(e), e);
    }
  }

  private static void pause(long waitedNanos) {
    if (waitedNanos < SPIN_NANOS) {
      Thread.onSpinWait();
    } else {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  /** Waits for a send or a receive, which {@link #abort} ends directly. */
  private void awaitTransfer(Work work, String what) {
    synchronized (abortable) {
      requireAlive();
      abortable.add(work);
    }
    waiting = true;
    try {
      end(() -> work._wait(new Milliseconds(timeout.toMillis())), what);
    } finally {
      waiting = false;
      synchronized (abortable) {
        abortable.remove(work);
      }
    }
    requireAlive();
  }

  private void finishSending() {
    try {
      for (Sending sent : sending) {
        sent.work()._wait(new Milliseconds(CLOSE_WAIT_MILLIS));
      }
    } catch (RuntimeException e) {
      LOG.debug("Process group [{}] closed before all was received", name, e);
    }
  }

  private void free() {
    connection.close();
    sending.forEach(Sending::release);
    sending.clear();
  }

  private ServingException failed(String reason, @Nullable RuntimeException cause) {
    failure.compareAndSet(null, reason);
    return exception(cause);
  }

  private void requireAlive() {
    if (failure.get() != null) {
      throw exception(null);
    }
  }

  private ServingException exception(@Nullable RuntimeException cause) {
    return new ServingException(
        ErrorCode.REPLICA_FAILED,
        "process group [" + name + "], rank " + rank() + ", failed: " + failure.get(),
        cause);
  }

  private static void abortQuietly(Work work) {
    try {
      work.abort();
    } catch (RuntimeException e) {
      LOG.debug("A transfer could not be aborted", e);
    }
  }

  static String firstLine(RuntimeException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
