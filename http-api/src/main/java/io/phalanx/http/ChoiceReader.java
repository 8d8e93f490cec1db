package io.phalanx.http;

import io.phalanx.llm.TokenReader;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The events of all choices of one request, as they come; for one reader at a time. The client that
 * leaves makes it fail.
 */
final class ChoiceReader {
  private final List<TokenReader> readers = new ArrayList<>();
  private final AtomicReference<@Nullable Runnable> ready = new AtomicReference<>();
  private volatile @Nullable ClientClosedException closed;
  private @Nullable ChoiceEvent peeked;
  private int next;
  private int unfinished;

  private ChoiceReader() {}

  /**
   * Sends every sequence of a plan.
   *
   * @throws ServingException if one is refused at once; none goes on then
   */
  static ChoiceReader open(GenerationPlan plan) {
    ChoiceReader reader = new ChoiceReader();
    try {
      for (GenerationRequest request : plan.requests()) {
        reader.readers.add(plan.model().open(request));
      }
    } catch (ServingException e) {
      reader.cancel();
      throw e;
    }
    reader.unfinished = reader.readers.size();
    return reader;
  }

  /**
   * Takes the next event of any choice; null if none is there yet.
   *
   * @throws ServingException the failure of a choice
   * @throws ClientClosedException once the client has left
   */
  @Nullable ChoiceEvent poll() {
    ClientClosedException left = closed;
    if (left != null) {
      throw left;
    }
    ChoiceEvent first = peeked;
    peeked = null;
    return first == null ? take() : first;
  }

  /** Returns what {@link #poll} will return. */
  @Nullable ChoiceEvent peek() {
    peeked = poll();
    return peeked;
  }

  private @Nullable ChoiceEvent take() {
    for (int i = 0; i < readers.size(); i++) {
      int choice = (next + i) % readers.size();
      TokenEvent event = readers.get(choice).poll();
      if (event != null) {
        next = choice;
        unfinished -= event.finishReason() == null ? 0 : 1;
        return new ChoiceEvent(choice, event);
      }
    }
    return null;
  }

  /** Returns whether the last event of every choice was taken. */
  boolean isFinished() {
    return unfinished == 0 && peeked == null;
  }

  /** Runs something once, as soon as {@link #poll} has something to say. */
  void onReady(Runnable task) {
    ready.set(task);
    readers.forEach(reader -> reader.onReady(this::wake));
    if (closed != null) {
      wake();
    }
  }

  /** Runs the task that waits, if it is not being run already. */
  private void wake() {
    Runnable task = ready.getAndSet(null);
    if (task != null) {
      task.run();
    }
  }

  /** Ends every choice that has not ended; may be called again. */
  void cancel() {
    readers.forEach(TokenReader::cancel);
  }

  /** Ends every choice because nobody reads any more. */
  void clientLeft() {
    cancel();
    closed = new ClientClosedException();
    wake();
  }
}
