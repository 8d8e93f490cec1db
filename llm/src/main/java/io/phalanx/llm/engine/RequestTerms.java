package io.phalanx.llm.engine;

import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;

/**
 * How a request wants to be served, which does not change what is generated.
 *
 * @param priority requests with a lower one come first where the scheduling policy is {@code
 *     PRIORITY}; 0 is usual
 * @param timeout how long the whole answer may take from now on; empty for as long as it takes
 * @param sessionId requests of the same session prefer the same replica; empty for no session
 */
public record RequestTerms(int priority, Optional<Duration> timeout, Optional<String> sessionId) {

  /** The usual priority, no timeout and no session. */
  public static final RequestTerms DEFAULT =
      new RequestTerms(0, Optional.empty(), Optional.empty());

  private static final int MOST_SESSION_CHARACTERS = 1000;

  /** Refuses a timeout that has passed and a session id without an end. */
  public RequestTerms {
    Duration time = timeout.orElse(Duration.ofMillis(1));
    if (time.isNegative() || time.isZero()) {
      throw ServingException.invalidParam(
          "timeout", "timeout is " + time + "; it must be longer than 0.");
    }
    int characters = sessionId.map(String::length).orElse(1);
    if (characters < 1 || characters > MOST_SESSION_CHARACTERS) {
      throw ServingException.invalidParam(
          "session_id",
          "The session id has "
              + characters
              + " characters; it must have 1 to "
              + MOST_SESSION_CHARACTERS
              + ".");
    }
  }

  /** Returns the usual terms with this priority. */
  public static RequestTerms ofPriority(int priority) {
    return new RequestTerms(priority, Optional.empty(), Optional.empty());
  }

  /** Returns the usual terms with this timeout. */
  public static RequestTerms ofTimeout(Duration timeout) {
    return new RequestTerms(0, Optional.of(timeout), Optional.empty());
  }

  /** Returns the usual terms of a request of this session. */
  public static RequestTerms ofSession(String sessionId) {
    return new RequestTerms(0, Optional.empty(), Optional.of(sessionId));
  }
}
