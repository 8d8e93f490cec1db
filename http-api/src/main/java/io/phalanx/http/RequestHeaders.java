package io.phalanx.http;

import io.phalanx.http.model.GenerationOptions;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/** What the headers of a generating request say about how it wants to be served. */
final class RequestHeaders {
  /** How long the whole answer may take, in seconds from the request's arrival. */
  static final String TIMEOUT = "x-request-timeout";

  private static final double MOST_SECONDS = 1e6;
  private static final double NANOS_PER_SECOND = 1e9;

  private final HttpRequest request;
  private final long arrivedNanos;

  /**
   * Reads them later, as far as they are asked for.
   *
   * @param arrivedNanos when the request came, by {@link System#nanoTime}
   */
  RequestHeaders(HttpRequest request, long arrivedNanos) {
    this.request = request;
    this.arrivedNanos = arrivedNanos;
  }

  /**
   * Returns the terms of a request of this model.
   *
   * @throws ServingException {@code INVALID_REQUEST} if the timeout is no number of seconds, {@code
   *     TIMEOUT} if it is over already
   */
  RequestTerms terms(ModelHandle model, GenerationOptions options) {
    Optional<String> session = value(model.sessionHeader()).filter(id -> !id.isEmpty());
    return new RequestTerms(options.priority(), value(TIMEOUT).map(this::timeLeft), session);
  }

  private Optional<String> value(String name) {
    return request.getHeader(name).map(HttpHeader::value).map(String::strip);
  }

  private Duration timeLeft(String text) {
    double seconds = seconds(text);
    long left = (long) (seconds * NANOS_PER_SECOND) - (System.nanoTime() - arrivedNanos);
    if (left <= 0) {
      throw new ServingException(
          ErrorCode.TIMEOUT, "The request was still being read after its " + text + " s.");
    }
    return Duration.ofNanos(left);
  }

  private static double seconds(String text) {
    try {
      double seconds = Double.parseDouble(text);
      if (seconds > 0 && seconds <= MOST_SECONDS) {
        return seconds;
      }
    } catch (NumberFormatException e) {
      // falls through to the refusal
    }
    throw ServingException.invalidParam(
        TIMEOUT,
        "The header "
            + TIMEOUT
            + " is ["
            + text
            + "]; it must be a number of seconds above 0, at most 1000000.");
  }
}
