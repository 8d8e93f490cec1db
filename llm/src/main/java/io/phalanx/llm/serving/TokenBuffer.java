package io.phalanx.llm.serving;

import io.phalanx.llm.TokenReader;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.pekko.actor.typed.ActorRef;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The events of one request between its router and its reader. The router never waits: when the
 * reader is slow, the texts of neighbouring events are joined, so that at most {@value
 * #MAX_PENDING} events wait.
 */
final class TokenBuffer implements TokenSink, TokenReader {
  private static final Logger LOG = LoggerFactory.getLogger(TokenBuffer.class);

  /** The most events that wait for a slow reader. */
  static final int MAX_PENDING = 256;

  private ActorRef<ReplicaRouter.Command> router;
  private final GenerationRequest request;
  private final ModelMetrics.RequestMeter meter;
  private final Deque<TokenEvent> pending = new ArrayDeque<>();
  private @Nullable ServingException failure;
  private @Nullable Runnable ready;
  private boolean ended;

  private TokenBuffer(
      ActorRef<ReplicaRouter.Command> router,
      GenerationRequest request,
      ModelMetrics.RequestMeter meter) {
    this.router = router;
    this.request = request;
    this.meter = meter;
  }

  /** Sends the request to the router. */
  static TokenBuffer open(
      ActorRef<ReplicaRouter.Command> router,
      GenerationRequest request,
      ModelMetrics.RequestMeter meter) {
    TokenBuffer buffer = new TokenBuffer(router, request, meter);
    router.tell(new ReplicaRouter.Open(request, buffer));
    return buffer;
  }

  /** Returns the later of two neighbouring events with the texts of both. */
  static TokenEvent join(TokenEvent earlier, TokenEvent later) {
    return new TokenEvent(
        later.requestId(),
        later.position(),
        later.tokenId(),
        earlier.text() + later.text(),
        later.finishReason(),
        later.cachedTokens());
  }

  @Override
  public void event(TokenEvent event) {
    meter.onToken(event);
    run(add(event));
  }

  private synchronized @Nullable Runnable add(TokenEvent event) {
    ended |= event.finishReason() != null;
    TokenEvent last = pending.size() >= MAX_PENDING ? pending.pollLast() : null;
    pending.addLast(last == null ? event : join(last, event));
    return takeReady();
  }

  /** A request that was cancelled while it moved is cancelled where it is now. */
  @Override
  public void movedTo(ActorRef<ReplicaRouter.Command> next) {
    if (answeredBy(next)) {
      next.tell(new ReplicaRouter.Cancel(request.requestId(), this));
    }
  }

  /** Returns whether the sequence has ended already. */
  private synchronized boolean answeredBy(ActorRef<ReplicaRouter.Command> next) {
    router = next;
    return ended;
  }

  @Override
  public void fail(ServingException error) {
    run(end(error));
  }

  private synchronized @Nullable Runnable end(ServingException error) {
    ended = true;
    failure = error;
    return takeReady();
  }

  private @Nullable Runnable takeReady() {
    Runnable taken = ready;
    ready = null;
    return taken;
  }

  private static void run(@Nullable Runnable task) {
    if (task == null) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.error("A reader of tokens has failed", e);
    }
  }

  @Override
  public synchronized @Nullable TokenEvent poll() {
    TokenEvent next = pending.pollFirst();
    if (next == null && failure != null) {
      throw failure;
    }
    return next;
  }

  @Override
  public void onReady(Runnable task) {
    run(later(task));
  }

  /** Keeps the task for later, or returns it if it is to be run now. */
  private synchronized @Nullable Runnable later(Runnable task) {
    if (!pending.isEmpty() || failure != null) {
      return task;
    }
    ready = task;
    return null;
  }

  @Override
  public void cancel() {
    if (stop()) {
      answering().tell(new ReplicaRouter.Cancel(request.requestId(), this));
    }
  }

  private synchronized ActorRef<ReplicaRouter.Command> answering() {
    return router;
  }

  /** Returns whether the sequence had not ended. */
  private synchronized boolean stop() {
    boolean running = !ended;
    ended = true;
    ready = null;
    return running;
  }
}
