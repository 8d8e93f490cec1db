package io.phalanx.runtime;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.typed.Cluster;

/**
 * Where a node of the cluster is reached, such as {@code 127.0.0.1:2551}.
 *
 * @param host a loopback address or name
 * @param port 1 .. 65535
 */
public record NodeAddress(String host, int port) {
  private static final String FIELD = "join address";
  private static final int MOST_PORT = 65_535;
  private static final int CONNECT_TIMEOUT_MILLIS = 1000;
  private static final Duration CONNECT_INTERVAL = Duration.ofMillis(200);

  /** Refuses what is not on this machine, or not a port. */
  public NodeAddress {
    host = LoopbackRule.requireLoopback(FIELD, host);
    if (port < 1 || port > MOST_PORT) {
      throw invalid(host + ":" + port);
    }
  }

  /** Parses {@code HOST:PORT}. */
  public static NodeAddress parse(String text) {
    int colon = text.lastIndexOf(':');
    try {
      if (colon > 0) {
        return new NodeAddress(
            text.substring(0, colon), Integer.parseInt(text.substring(colon + 1)));
      }
    } catch (NumberFormatException e) {
      throw invalid(text);
    }
    throw invalid(text);
  }

  /** Returns the address of the node that {@code system} is. */
  public static NodeAddress of(ActorSystem<?> system) {
    return of(Cluster.get(system).selfMember().address());
  }

  /** Returns the address of a cluster member. */
  public static NodeAddress of(Address address) {
    return new NodeAddress(
        Objects.requireNonNull(address.getHost().orElse(null), "host"),
        address.getPort().orElseThrow());
  }

  /**
   * Waits until something listens here.
   *
   * @return false if nothing does before {@code timeout} is over
   */
  boolean awaitListening(Duration timeout) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (!isListening()) {
      if (System.nanoTime() > deadline || Thread.currentThread().isInterrupted()) {
        return false;
      }
      LockSupport.parkNanos(CONNECT_INTERVAL.toNanos());
    }
    return true;
  }

  private boolean isListening() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), CONNECT_TIMEOUT_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Returns the member's address in the cluster of Phalanx's nodes. */
  Address toClusterAddress() {
    return new Address("pekko", PhalanxNode.SYSTEM_NAME, host, port);
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }

  private static ServingException invalid(String text) {
    return new ServingException(
        ErrorCode.INVALID_CONFIGURATION,
        FIELD + ": [" + text + "] is not HOST:PORT with a port from 1 to 65535");
  }
}
