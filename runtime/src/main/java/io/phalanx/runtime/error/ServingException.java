package io.phalanx.runtime.error;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one exception of Phalanx: a code, a sentence that names the field, the value and the fix, and
 * the request parameter concerned, if there is one.
 */
public final class ServingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final @Nullable String param;
  private final @Nullable Duration retryAfter;

  /** Creates an exception that concerns no single request parameter. */
  public ServingException(ErrorCode code, String message) {
    this(code, message, null, null, null);
  }

  /** Creates an exception that wraps {@code cause}. */
  public ServingException(ErrorCode code, String message, @Nullable Throwable cause) {
    this(code, message, null, cause, null);
  }

  private ServingException(
      ErrorCode code,
      String message,
      @Nullable String param,
      @Nullable Throwable cause,
      @Nullable Duration retryAfter) {
    super(message, cause);
    this.code = code;
    this.param = param;
    this.retryAfter = retryAfter;
  }

  /** Creates the exception for a wrong request parameter, such as {@code temperature}. */
  public static ServingException invalidParam(String param, String message) {
    return forParam(ErrorCode.INVALID_REQUEST, param, message);
  }

  /** Creates an exception that concerns one request parameter. */
  public static ServingException forParam(ErrorCode code, @Nullable String param, String message) {
    return new ServingException(code, message, param, null, null);
  }

  /** Creates an exception after which the same call may succeed in so long. */
  public static ServingException retryLater(ErrorCode code, String message, Duration retryAfter) {
    return new ServingException(code, message, null, null, retryAfter);
  }

  /** Returns what went wrong. */
  public ErrorCode code() {
    return code;
  }

  /** Returns the request parameter concerned, such as {@code messages}, or null. */
  public @Nullable String param() {
    return param;
  }

  /** Returns after how long the same call may succeed; empty if that is not known. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }

  /** Returns the sentence that is shown to the user; never null. */
  public String reason() {
    String message = getMessage();
    return message == null ? code.openAiCode() : message;
  }
}
