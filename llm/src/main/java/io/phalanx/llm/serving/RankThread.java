package io.phalanx.llm.serving;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.models.ModelRunner;
import io.phalanx.runtime.collective.ProcessGroup;
import java.util.List;
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

    /** A step is computed here and this rank drew its tokens. */
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

  private @Nullable ModelRunner runner;

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

  /** Computes a step after all that was given before. */
  void execute(ModelInput input) {
    submit(
        () -> {
          ModelRunner loaded = runner;
          if (loaded == null) {
            throw new IllegalStateException("step " + input.step() + " came before the weights");
          }
          StepOutput output = loaded.execute(input);
          endedSteps = input.step() + 1;
          if (output != null) {
            listener.onOutput(output);
          }
        });
  }

  /** Returns how many steps the rank has computed. */
  long endedSteps() {
    return endedSteps;
  }

  /** Keeps what the rank computes with; on the rank's thread. */
  void own(ModelRunner loaded) {
    runner = loaded;
  }

  /**
   * Joins a group and keeps it, so that {@link #halt} ends the meeting of its ranks and all later
   * waits; on the rank's thread. A meeting of gloo's ends only by itself or its timeout.
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

  /** Returns whether the rank waits for others; any thread may ask. */
  boolean isWaiting() {
    return groups.stream().anyMatch(ProcessGroup::isWaiting);
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
        Task task = tasks.take();
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

  private void close() {
    if (runner != null) {
      runner.close();
    }
    groups.forEach(ProcessGroup::close);
  }
}
