package io.phalanx.llm.serving;

import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.SourceShape;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import scala.Tuple2;
import scala.runtime.BoxedUnit;

/**
 * The stream of one request's events. It sends the request to the router when it starts, cancels it
 * when its reader does, and joins the texts of waiting events when the reader is slow, so that at
 * most {@value #MAX_PENDING} events wait.
 */
final class TokenStage extends GraphStage<SourceShape<TokenEvent>> {
  /** The most events that wait for a slow reader. */
  static final int MAX_PENDING = 256;

  private final Outlet<TokenEvent> out = Outlet.create("tokens");
  private final SourceShape<TokenEvent> shape = SourceShape.of(out);
  private final ActorRef<ReplicaRouter.Command> router;
  private final GenerationRequest request;
  private final ModelMetrics.RequestMeter meter;

  TokenStage(
      ActorRef<ReplicaRouter.Command> router,
      GenerationRequest request,
      ModelMetrics.RequestMeter meter) {
    this.router = router;
    this.request = request;
    this.meter = meter;
  }

  @Override
  public SourceShape<TokenEvent> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes attributes) {
    return new Logic();
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

  private final class Logic extends GraphStageLogic implements TokenSink {
    private final Deque<TokenEvent> pending = new ArrayDeque<>();
    private final AsyncCallback<TokenEvent> events = createAsyncCallback(this::onEvent);
    private final AsyncCallback<ServingException> failures = createAsyncCallback(this::failStage);
    private boolean ended;

    private Logic() {
      super(shape);
      setHandler(
          out,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              deliver();
            }
          });
    }

    @Override
    public void preStart() {
      getStageActor(this::onRouterEnded).watch(Adapter.toClassic(router));
      router.tell(new ReplicaRouter.Open(request, this));
    }

    @Override
    public void postStop() {
      if (!ended) {
        router.tell(new ReplicaRouter.Cancel(request.requestId(), this));
      }
    }

    /** The router answers every request, unless it has ended before or fails. */
    private BoxedUnit onRouterEnded(Tuple2<org.apache.pekko.actor.ActorRef, Object> message) {
      failStage(
          new ServingException(
              ErrorCode.NOT_READY, "The model's router has ended; try again in a while."));
      return BoxedUnit.UNIT;
    }

    @Override
    public void event(TokenEvent event) {
      events.invoke(event);
    }

    @Override
    public void fail(ServingException error) {
      failures.invoke(error);
    }

    private void onEvent(TokenEvent event) {
      meter.onToken(event);
      ended |= event.finishReason() != null;
      TokenEvent last = pending.size() >= MAX_PENDING ? pending.pollLast() : null;
      pending.addLast(last == null ? event : join(last, event));
      deliver();
    }

    private void deliver() {
      TokenEvent next = isAvailable(out) ? pending.pollFirst() : null;
      if (next == null) {
        return;
      }
      push(out, next);
      if (next.finishReason() != null) {
        completeStage();
      }
    }
  }
}
