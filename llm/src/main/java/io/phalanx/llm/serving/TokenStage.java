package io.phalanx.llm.serving;

import io.phalanx.llm.TokenReader;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ServingException;
import java.util.function.Supplier;
import org.apache.pekko.Done;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.SourceShape;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.jspecify.annotations.Nullable;

/**
 * The stream of one request's events. It opens the request when it starts and cancels it when its
 * reader does; it is woken only while its reader waits.
 */
final class TokenStage extends GraphStage<SourceShape<TokenEvent>> {
  private final Outlet<TokenEvent> out = Outlet.create("tokens");
  private final SourceShape<TokenEvent> shape = SourceShape.of(out);
  private final Supplier<TokenReader> open;

  /** Creates the stage of a request that {@code open} sends. */
  TokenStage(Supplier<TokenReader> open) {
    this.open = open;
  }

  @Override
  public SourceShape<TokenEvent> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes attributes) {
    return new Logic();
  }

  private final class Logic extends GraphStageLogic {
    private final AsyncCallback<Done> ready = createAsyncCallback(done -> deliver());
    private @Nullable TokenReader reader;

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
      try {
        reader = open.get();
      } catch (ServingException e) {
        failStage(e);
      }
    }

    @Override
    public void postStop() {
      if (reader != null) {
        reader.cancel();
      }
    }

    private void deliver() {
      TokenReader source = reader;
      if (source == null || !isAvailable(out)) {
        return;
      }
      try {
        deliver(source, source.poll());
      } catch (ServingException e) {
        failStage(e);
      }
    }

    private void deliver(TokenReader source, @Nullable TokenEvent event) {
      if (event == null) {
        source.onReady(() -> ready.invoke(Done.getInstance()));
        return;
      }
      push(out, event);
      if (event.finishReason() != null) {
        completeStage();
      }
    }
  }
}
