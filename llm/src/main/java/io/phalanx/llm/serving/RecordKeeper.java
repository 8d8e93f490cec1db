package io.phalanx.llm.serving;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.pekko.Done;
import org.jspecify.annotations.Nullable;

/**
 * Writes one deployment's record whenever it has changed, one write at a time and again until it is
 * on most nodes; belongs to its controller.
 */
final class RecordKeeper {
  private final DeploymentRecords records;
  private final Consumer<CompletionStage<Done>> written;
  private final List<Runnable> next = new ArrayList<>();
  private final List<Runnable> inFlight = new ArrayList<>();
  private @Nullable DesiredDeployment last;
  private @Nullable Supplier<CompletionStage<Done>> write;
  private boolean isInFlight;
  private boolean isChanged;

  /**
   * Creates a keeper.
   *
   * @param written makes the controller call {@link #onWritten} once the stage has completed
   */
  RecordKeeper(DeploymentRecords records, Consumer<CompletionStage<Done>> written) {
    this.records = records;
    this.written = written;
  }

  /** Takes what has been read. */
  void known(DesiredDeployment record) {
    last = record;
  }

  void save(DesiredDeployment record) {
    if (!record.equals(last)) {
      last = record;
      change(() -> records.write(record));
    }
  }

  void remove(String modelId) {
    last = null;
    change(() -> records.remove(modelId));
  }

  private void change(Supplier<CompletionStage<Done>> changed) {
    write = changed;
    isChanged = true;
    flush();
  }

  /** Does something once all that was given before is on most nodes. */
  void whenSaved(Runnable action) {
    if (isChanged) {
      next.add(action);
    } else if (isInFlight) {
      inFlight.add(action);
    } else {
      action.run();
    }
  }

  /** Writes what has changed, unless a write has not been answered yet. */
  void flush() {
    Supplier<CompletionStage<Done>> wanted = write;
    if (isInFlight || !isChanged || wanted == null) {
      return;
    }
    isInFlight = true;
    isChanged = false;
    inFlight.addAll(next);
    next.clear();
    written.accept(wanted.get());
  }

  /** A write has been answered; one that failed is repeated by the next {@link #flush}. */
  void onWritten(boolean done) {
    isInFlight = false;
    List<Runnable> actions = List.copyOf(inFlight);
    inFlight.clear();
    if (done) {
      actions.forEach(Runnable::run);
      flush();
    } else {
      next.addAll(actions);
      isChanged = true;
    }
  }
}
