package io.phalanx.llm;

import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ForkJoinPool;

/** Collects the events of one request; read by one thread at a time, the one that brings them. */
final class WholeGeneration {
  private final GenerationRequest request;
  private final TokenReader reader;
  private final List<TokenEvent> events = new ArrayList<>();
  private final CompletableFuture<Generated> answer = new CompletableFuture<>();

  private WholeGeneration(GenerationRequest request, TokenReader reader) {
    this.request = request;
    this.reader = reader;
  }

  /** Sends the request; cancelling the future aborts it. */
  static CompletableFuture<Generated> begin(ModelHandle model, GenerationRequest request) {
    WholeGeneration generation;
    try {
      generation = new WholeGeneration(request, model.open(request));
    } catch (ServingException e) {
      return CompletableFuture.failedFuture(e);
    }
    CompletionStage<Generated> ended = generation.answer;
    ended.whenComplete((whole, failure) -> generation.abortIfCancelled());
    generation.read();
    return generation.answer;
  }

  private void abortIfCancelled() {
    if (answer.isCancelled()) {
      reader.cancel();
    }
  }

  /** What waits for the answer runs elsewhere, so that it does not hold up who brings events. */
  private void read() {
    try {
      for (TokenEvent event = reader.poll(); event != null; event = reader.poll()) {
        events.add(event);
        if (event.finishReason() != null) {
          ForkJoinPool.commonPool().execute(() -> answer.complete(Generated.of(request, events)));
          return;
        }
      }
      reader.onReady(this::read);
    } catch (ServingException e) {
      ForkJoinPool.commonPool().execute(() -> answer.completeExceptionally(e));
    }
  }
}
