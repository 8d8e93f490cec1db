package io.phalanx.http;

import io.phalanx.http.model.ErrorBody;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.model.headers.Connection;
import org.apache.pekko.http.javadsl.model.headers.RetryAfter;
import org.apache.pekko.http.scaladsl.model.EntityStreamException;
import org.apache.pekko.http.scaladsl.model.EntityStreamSizeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one place where a failure becomes an HTTP response with OpenAI's error object. */
final class ErrorResponses {
  private static final Logger LOG = LoggerFactory.getLogger(ErrorResponses.class);
  private static final Duration LEAST_RETRY_AFTER = Duration.ofSeconds(1);
  private static final int MOST_STATUS = 599;

  /** The status that nginx made usual for a client that left; no client sees it. */
  static final int CLIENT_CLOSED_REQUEST = 499;

  private ErrorResponses() {}

  /** Returns the error of {@code failure} as Phalanx's own exception; logs what is a fault. */
  static ServingException toServingException(Throwable failure) {
    Throwable cause = unwrap(failure);
    if (cause instanceof ServingException serving) {
      return serving;
    }
    if (cause instanceof EntityStreamSizeException size) {
      return new ServingException(
          ErrorCode.PAYLOAD_TOO_LARGE,
          "The request body has more than "
              + size.limit()
              + " bytes; shorten it, or raise phalanx.http.max-body.");
    }
    if (cause instanceof EntityStreamException) {
      return new ServingException(
          ErrorCode.INVALID_REQUEST, "The request body ended early or is not framed as HTTP asks.");
    }
    if (cause instanceof TimeoutException) {
      return new ServingException(ErrorCode.TIMEOUT, "The request body took too long to arrive.");
    }
    LOG.error("Request failed", cause);
    return new ServingException(
        ErrorCode.INTERNAL, "An internal error occurred; the server's log has the details.");
  }

  /** Returns the response for a failure. */
  static HttpResponse of(Throwable failure) {
    Throwable cause = unwrap(failure);
    if (cause instanceof ClientClosedException) {
      return clientClosed();
    }
    ServingException e = toServingException(cause);
    HttpResponse response = of(e.code().httpStatus(), ErrorBody.of(e));
    return switch (e.code()) {
      case OVERLOADED, NOT_READY -> response.addHeader(retryAfter(e.retryAfter()));
      default -> response;
    };
  }

  /** Returns a response with this status and body. */
  static HttpResponse of(int status, ErrorBody body) {
    return HttpResponse.create()
        .withStatus(Math.min(status, MOST_STATUS))
        .withEntity(ContentTypes.APPLICATION_JSON, body.toJson());
  }

  /** Returns a response with this code's status. */
  static HttpResponse of(ErrorCode code, String message) {
    return of(code.httpStatus(), ErrorBody.of(code, message));
  }

  /** Returns the answer that a client which has left does not read. */
  static HttpResponse clientClosed() {
    return HttpResponse.create()
        .withStatus(StatusCodes.custom(CLIENT_CLOSED_REQUEST, "Client Closed Request", ""));
  }

  /** Returns the answer to new requests of a server that stops; closes the connection. */
  static HttpResponse draining() {
    return of(ErrorCode.NOT_READY, "The server is stopping; send the request to another.")
        .addHeader(Connection.create("close"))
        .addHeader(retryAfter(Optional.empty()));
  }

  /** Returns the time rounded up to whole seconds, at least one. */
  private static RetryAfter retryAfter(Optional<Duration> time) {
    Duration known = time.orElse(LEAST_RETRY_AFTER);
    long seconds = known.toSeconds() + (known.toNanosPart() > 0 ? 1 : 0);
    return RetryAfter.create(Math.max(LEAST_RETRY_AFTER.toSeconds(), seconds));
  }

  private static Throwable unwrap(Throwable failure) {
    Throwable cause = failure;
    while ((cause instanceof CompletionException || cause instanceof ExecutionException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
