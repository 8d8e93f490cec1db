package io.phalanx.http;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import org.apache.pekko.stream.Attributes;
import org.apache.pekko.stream.BidiShape;
import org.apache.pekko.stream.Inlet;
import org.apache.pekko.stream.Outlet;
import org.apache.pekko.stream.stage.AbstractInHandler;
import org.apache.pekko.stream.stage.AbstractOutHandler;
import org.apache.pekko.stream.stage.GraphStage;
import org.apache.pekko.stream.stage.GraphStageLogic;
import org.apache.pekko.stream.stage.TimerGraphStageLogic;
import org.apache.pekko.util.ByteString;

/**
 * What stands between a socket and Pekko HTTP: it reads the socket at all times, within a bound, so
 * that a client that leaves is noticed at once.
 *
 * <p>Pekko HTTP itself stops reading while a request is answered, and for good once a request says
 * {@code Connection: close}. After the last answer the stage goes on reading for a while before the
 * socket is closed: closing with bytes unread would reset the connection under the answer.
 */
final class SocketStage
    extends GraphStage<BidiShape<ByteString, ByteString, ByteString, ByteString>> {
  private static final int MOST_BUFFERED_BYTES = 256 * 1024;
  private static final Duration LINGER = Duration.ofSeconds(3);

  private final Inlet<ByteString> fromHttp = Inlet.create("SocketStage.fromHttp");
  private final Outlet<ByteString> toSocket = Outlet.create("SocketStage.toSocket");
  private final Inlet<ByteString> fromSocket = Inlet.create("SocketStage.fromSocket");
  private final Outlet<ByteString> toHttp = Outlet.create("SocketStage.toHttp");
  private final Runnable clientLeft;
  private final Runnable ended;

  /**
   * Creates the stage of one connection.
   *
   * @param clientLeft called when the client has closed its side, and at the end at the latest; may
   *     be called again
   * @param ended called once, when the connection is over
   */
  SocketStage(Runnable clientLeft, Runnable ended) {
    this.clientLeft = clientLeft;
    this.ended = ended;
  }

  @Override
  public BidiShape<ByteString, ByteString, ByteString, ByteString> shape() {
    return BidiShape.of(fromHttp, toSocket, fromSocket, toHttp);
  }

  @Override
  public GraphStageLogic createLogic(Attributes inheritedAttributes) {
    return new Logic();
  }

  private final class Logic extends TimerGraphStageLogic {
    private final Queue<ByteString> buffer = new ArrayDeque<>();
    private int bufferedBytes;

    Logic() {
      super(shape());
      setHandler(
          fromSocket,
          new AbstractInHandler() {
            @Override
            public void onPush() {
              onBytes(grab(fromSocket));
            }

            @Override
            public void onUpstreamFinish() {
              onSocketFinished();
            }

            @Override
            public void onUpstreamFailure(Throwable failure) {
              completeStage(); // the client has reset the connection, which is no fault of ours
            }
          });
      setHandler(
          toHttp,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              pushToHttp();
            }

            @Override
            public void onDownstreamFinish(Throwable cause) {
              dropBuffer();
              readOn();
            }
          });
      setHandler(
          fromHttp,
          new AbstractInHandler() {
            @Override
            public void onPush() {
              push(toSocket, grab(fromHttp));
            }

            @Override
            public void onUpstreamFinish() {
              onHttpFinished();
            }
          });
      setHandler(
          toSocket,
          new AbstractOutHandler() {
            @Override
            public void onPull() {
              if (!isClosed(fromHttp)) {
                pull(fromHttp);
              }
            }
          });
    }

    @Override
    public void preStart() {
      pull(fromSocket);
    }

    @Override
    public void postStop() {
      clientLeft.run();
      ended.run();
    }

    @Override
    public void onTimer(Object timerKey) {
      completeStage();
    }

    private void onBytes(ByteString bytes) {
      if (!isClosed(toHttp)) {
        buffer.add(bytes);
        bufferedBytes += bytes.length();
        if (isAvailable(toHttp)) {
          pushToHttp();
        }
      }
      readOn();
    }

    private void pushToHttp() {
      ByteString next = buffer.poll();
      if (next != null) {
        bufferedBytes -= next.length();
        push(toHttp, next);
      }
      if (isClosed(fromSocket) && buffer.isEmpty()) {
        complete(toHttp);
      } else {
        readOn();
      }
    }

    private void readOn() {
      boolean room = bufferedBytes < MOST_BUFFERED_BYTES;
      if (room && !isClosed(fromSocket) && !hasBeenPulled(fromSocket)) {
        pull(fromSocket);
      }
    }

    private void dropBuffer() {
      buffer.clear();
      bufferedBytes = 0;
    }

    private void onSocketFinished() {
      clientLeft.run();
      if (isClosed(fromHttp)) {
        completeStage();
      } else if (buffer.isEmpty()) {
        complete(toHttp);
      }
    }

    private void onHttpFinished() {
      complete(toSocket);
      if (isClosed(fromSocket)) {
        completeStage();
        return;
      }
      dropBuffer();
      complete(toHttp);
      readOn();
      scheduleOnce("linger", LINGER);
    }
  }
}
