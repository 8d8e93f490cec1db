package io.phalanx.llm.serving;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.models.ModelRunner;
import io.phalanx.runtime.collective.ProcessGroup;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The thread that owns one rank: it loads the shard, computes every step and frees all at its end.
 *
 * <p>Tasks run in the order in which they are given. The first failure, or {@link #halt}, ends the
 * thread; what was open is closed by the thread itself.
 */
final class RankThread {

  /** Hears what the thread has done; called on the thread. */
  interface Listener {

    /** The layers of a step are computed here. */
    void onLayers(long step);

    /** A step has ended here and this rank drew its tokens. */
    void onOutput(StepOutput output);

    /** The thread ends because of this. */
    void onFailure(Throwable failure);
  }

  /** Something that the thread does. */
  interface Task {

    /** Runs on the rank's thread. */
    void run() throws Exception;
  }

  private final BlockingQueue<Task> tasks = new LinkedBlockingQueue<>();
  private final List<ProcessGroup> groups = new CopyOnWriteArrayList<>();
  private final Listener listener;
  private final Thread thread;
  private volatile @Nullable String haltReason;
  private volatile long endedSteps;

  /** Whether the rank meets others, which an interrupt ends; guarded by this. */
  private boolean meeting;

  private volatile boolean idle;
  private @Nullable Loaded loaded;

  /** What the rank computes with. */
  private record Loaded(ModelRunner runner, StepOrder order) {}

  RankThread(String name, Listener listener) {
    this.listener = listener;
    this.thread = new Thread(this::run, name);
    thread.setDaemon(true);
    thread.start();
  }

  /** Runs {@code task} after all that were given before. */
  void submit(Task task) {
    tasks.add(task);
  }

  /**
   * Computes the layers of a step after all that was given before, and ends the step whose turn
   * that makes it.
   */
  void execute(ModelInput input) {
    submit(
        () -> {
          Loaded rank = loaded("step " + input.step());
          rank.runner().execute(input);
          listener.onLayers(input.step());
          end(rank, rank.order().begun(input));
        });
  }

  /** Ends a step, if it has not ended, after all that was given before. */
  void end(long step) {
    submit(
        () -> {
          Loaded rank = loaded("the end of step " + step);
          end(rank, rank.order().told(step));
        });
  }

  private void end(Loaded rank, Optional<ModelInput> due) {
    if (due.isEmpty()) {
      return;
    }
    StepOutput output = rank.runner().end(due.get());
    endedSteps = due.get().step() + 1;
    if (output != null) {
      listener.onOutput(output);
    }
  }

  private Loaded loaded(String what) {
    Loaded rank = loaded;
    if (rank == null) {
      throw new IllegalStateException(what + " came before the weights");
    }
    return rank;
  }

  /** Returns how many steps have ended on the rank. */
  long endedSteps() {
    return endedSteps;
  }

  /** Keeps what the rank computes with, and in which order; on the rank's thread. */
  void own(ModelRunner runner, StepOrder order) {
    loaded = new Loaded(runner, order);
  }

  /**
   * Joins a group and keeps it, so that {@link #halt} ends the meeting of its ranks and all later
   * waits; on the rank's thread.
   */
  ProcessGroup join(Supplier<ProcessGroup> joining) {
    ProcessGroup group;
    meet(true);
    try {
      group = joining.get();
    } finally {
      meet(false);
    }
    groups.add(group);
    String reason = haltReason;
    if (reason != null) {
      group.abort(reason);
    }
    return group;
  }

  private synchronized void meet(boolean begins) {
    meeting = begins;
    if (begins && haltReason != null) {
      thread.interrupt();
    } else if (!begins) {
      Thread.interrupted(); // what ended the meeting is not to end anything else
    }
  }

  /** Returns whether the rank waits for others or for what to do; any thread may ask. */
  boolean isWaiting() {
    return idle || groups.stream().anyMatch(ProcessGroup::isWaiting);
  }

  /** Ends the thread soon, also while it waits for other ranks; any thread may call it. */
  void halt(String reason) {
    haltReason = reason;
    groups.forEach(group -> group.abort(reason));
    endMeeting();
    submit(() -> {});
  }

  private synchronized void endMeeting() {
    if (meeting) {
      thread.interrupt();
    }
  }

  private void run() {
    try {
      while (haltReason == null) {
        Task task = next();
        if (haltReason == null) {
          task.run();
        }
      }
    } catch (Throwable failure) {
      groups.forEach(group -> group.abort("another rank failed: " + failure.getMessage()));
      if (haltReason == null) {
        listener.onFailure(failure);
      }
    } finally {
      close();
    }
  }

  private Task next() throws InterruptedException {
    idle = true;
    try {
      return tasks.take();
    } finally {
      idle = false;
    }
  }

  private void close() {
    if (loaded != null) {
      loaded.runner().close();
    }
    groups.forEach(ProcessGroup::close);
  }
}
