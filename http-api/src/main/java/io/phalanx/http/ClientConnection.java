package io.phalanx.http;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.Cancellable;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.model.AttributeKey;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.SharedKillSwitch;
import org.apache.pekko.stream.javadsl.Flow;
import org.apache.pekko.util.ByteString;
import org.jspecify.annotations.Nullable;

/**
 * One client's TCP connection: what its requests run ends with it, and it ends when no request has
 * come for a while. Safe for many threads.
 *
 * <p>Pekko HTTP tells a route nothing of a client that leaves while its answer is computed, so each
 * request carries its connection as the attribute {@link #KEY}.
 */
final class ClientConnection {
  /** The request attribute that holds the connection. */
  static final AttributeKey<ClientConnection> KEY =
      AttributeKey.create("phalanx-connection", ClientConnection.class);

  private final ActorSystem<?> system;
  private final Duration keepAliveTimeout;
  private final RequestGate gate;
  private final SharedKillSwitch requests = KillSwitches.shared("client-connection");
  private final Set<Exchange> exchanges = new HashSet<>();
  private final Set<ChoiceReader> readers = new HashSet<>();
  private @Nullable Cancellable keepAlive;
  private boolean closed;

  ClientConnection(ActorSystem<?> system, Duration keepAliveTimeout, RequestGate gate) {
    this.system = system;
    this.keepAliveTimeout = keepAliveTimeout;
    this.gate = gate;
  }

  /** One request and its answer, from its header to the last byte of the answer. */
  final class Exchange {

    /** Ends the exchange; may be called again. */
    void end() {
      if (forget(this)) {
        gate.leave();
      }
    }

    /** Returns the response, which ends the exchange when it has been sent. */
    HttpResponse endWith(HttpResponse response) {
      if (response.entity().isStrict()) {
        end();
        return response;
      }
      Flow<ByteString, ByteString, NotUsed> ending =
          Flow.<ByteString>create()
              .watchTermination(
                  (notUsed, done) -> {
                    done.whenCompleteAsync((ok, failure) -> end(), Runnable::run);
                    return notUsed;
                  });
      return response.transformEntityDataBytes(ending);
    }
  }

  /** Ends the connection: lets no more requests come, and cuts those that still run. */
  void close() {
    requests.shutdown();
  }

  /** Returns whether the client has left. */
  synchronized boolean isClosed() {
    return closed;
  }

  /** Starts the keep-alive timeout; called once, when the connection is there. */
  synchronized void opened() {
    startKeepAlive();
  }

  /** Starts an exchange, or returns null if the client has left or the server stops. */
  synchronized @Nullable Exchange begin() {
    if (closed || !gate.tryEnter()) {
      return null;
    }
    Exchange exchange = new Exchange();
    exchanges.add(exchange);
    stopKeepAlive();
    return exchange;
  }

  /** Returns the stage through which the connection's requests pass until {@link #close}. */
  <T> Flow<T, T, NotUsed> requests() {
    return Flow.<T>create().via(requests.flow());
  }

  /** Ends what a request reads once the client has left, until {@link #release}. */
  void hold(ChoiceReader reader) {
    if (!tryHold(reader)) {
      reader.clientLeft();
    }
  }

  private synchronized boolean tryHold(ChoiceReader reader) {
    return !closed && readers.add(reader);
  }

  /** Ends what a request has read; may be called again. */
  void release(ChoiceReader reader) {
    reader.cancel();
    synchronized (this) {
      readers.remove(reader);
    }
  }

  /** Ends all that the connection's requests run; may be called again. */
  void clientLeft() {
    Set<Exchange> open;
    Set<ChoiceReader> reading;
    synchronized (this) {
      closed = true;
      stopKeepAlive();
      open = Set.copyOf(exchanges);
      reading = Set.copyOf(readers);
    }
    reading.forEach(ChoiceReader::clientLeft);
    open.forEach(Exchange::end);
  }

  private synchronized boolean forget(Exchange exchange) {
    boolean known = exchanges.remove(exchange);
    if (known && exchanges.isEmpty() && !closed) {
      startKeepAlive();
    }
    return known;
  }

  private void startKeepAlive() {
    keepAlive =
        system.scheduler().scheduleOnce(keepAliveTimeout, this::close, system.executionContext());
  }

  private void stopKeepAlive() {
    if (keepAlive != null) {
      keepAlive.cancel();
      keepAlive = null;
    }
  }
}
