package io.phalanx.http;

/** Ends what a connection's requests run once its client has left; never leaves this package. */
final class ClientClosedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ClientClosedException() {
    super("the client closed the connection", null, false, false);
  }
}
