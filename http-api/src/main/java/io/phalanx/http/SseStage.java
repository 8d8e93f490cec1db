package io.phalanx.http;

import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import org.apache.pekko.Done;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.SourceShape;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.AsyncCallback;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;
import org.apache.pekko.util.ByteStringBuilder;

/**
 * The body of a streamed answer: whatever has come since the client took the last part is one part,
 * and a comment where nothing has come for a while.
 *
 * <p>It runs in the connection's own actor, which is woken only while the client waits.
 */
final class SseStage extends GraphStage<SourceShape<ByteString>> {
  private static final int MOST_EVENTS_PER_WRITE = 64;

  private final Outlet<ByteString> out = Outlet.create("SseStage.out");
  private final SourceShape<ByteString> shape = SourceShape.of(out);
  private final SseAnswer answer;
  private final ChoiceReader reader;
  private final Runnable begun;
  private final Runnable ended;
  private final Duration heartbeatInterval;

  /**
   * Creates the body of {@code answer}; run it once.
   *
   * @param begun called when the first events, of which the first is a token's, have gone to the
   *     socket
   * @param ended called when nothing more is read
   */
  SseStage(
      SseAnswer answer,
      ChoiceReader reader,
      Runnable begun,
      Runnable ended,
      Duration heartbeatInterval) {
    this.answer = answer;
    this.reader = reader;
    this.begun = begun;
    this.ended = ended;
    this.heartbeatInterval = heartbeatInterval;
  }

  @Override
  public SourceShape<ByteString> shape() {
    return shape;
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends TimerGraphStageLogic {
    private final AsyncCallback<Done> ready = createAsyncCallback(done -> deliver());
    private boolean silent;
    private boolean hasBegun;

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
      scheduleWithFixedDelay("heartbeat", heartbeatInterval, heartbeatInterval);
    }

    @Override
    public void postStop() {
      ended.run();
    }

    @Override
    public void onTimer(Object timerKey) {
      if (silent && isAvailable(out)) {
        push(out, SseAnswer.HEARTBEAT);
      }
      silent = true;
    }

    /** Sends all that is there, or waits for more; a second wake-up finds the first one's work. */
    private void deliver() {
      if (!isAvailable(out)) {
        return;
      }
      ByteStringBuilder frames = new ByteStringBuilder();
      boolean ended = fill(frames);
      if (!frames.isEmpty()) {
        silent = false;
        push(out, frames.result());
        begin();
      }
      if (ended) {
        completeStage();
      } else if (frames.isEmpty()) {
        reader.onReady(() -> ready.invoke(Done.getInstance()));
      }
    }

    private void begin() {
      if (!hasBegun) {
        hasBegun = true;
        begun.run();
      }
    }

    /** Returns whether the answer has ended, well or not. */
    private boolean fill(ByteStringBuilder frames) {
      try {
        ChoiceEvent event = reader.poll();
        for (int i = 1; event != null && !reader.isFinished() && i < MOST_EVENTS_PER_WRITE; i++) {
          answer.onEvent(event, frames);
          event = reader.poll();
        }
        if (event != null) {
          answer.onEvent(event, frames);
        }
        if (reader.isFinished()) {
          answer.onEnd(frames);
        }
        return reader.isFinished();
      } catch (ServingException | ClientClosedException e) {
        SseAnswer.onFailure(e, frames);
        return true;
      }
    }
  }
}
