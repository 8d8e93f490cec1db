package io.phalanx.runtime.error;

import static io.phalanx.runtime.error.ErrorType.INSUFFICIENT_RESOURCES;
import static io.phalanx.runtime.error.ErrorType.INTERNAL_ERROR;
import static io.phalanx.runtime.error.ErrorType.USER_ERROR;

import java.util.Locale;

/** What went wrong, with the HTTP status and the OpenAI error type that it maps to. */
public enum ErrorCode {
  INVALID_REQUEST(USER_ERROR, 400, "invalid_request_error"),
  CONTEXT_LENGTH_EXCEEDED(USER_ERROR, 400, "invalid_request_error"),
  MODEL_NOT_FOUND(USER_ERROR, 404, "invalid_request_error"),
  NOT_FOUND(USER_ERROR, 404, "invalid_request_error"),
  /** The endpoint is not for whoever asks, or not by the name it was asked by. */
  FORBIDDEN(USER_ERROR, 403, "invalid_request_error"),
  METHOD_NOT_ALLOWED(USER_ERROR, 405, "invalid_request_error"),
  PAYLOAD_TOO_LARGE(USER_ERROR, 413, "invalid_request_error"),
  UNSUPPORTED_MEDIA_TYPE(USER_ERROR, 415, "invalid_request_error"),
  /** A configuration file, key or command-line option is wrong. */
  INVALID_CONFIGURATION(USER_ERROR, 400, "invalid_request_error"),
  /** A model's files are missing, corrupt or describe a model that cannot be served. */
  INVALID_MODEL(USER_ERROR, 500, "server_error"),
  /** A model's files could not be fetched. */
  MODEL_UNAVAILABLE(INSUFFICIENT_RESOURCES, 503, "server_error"),
  /** More requests wait than may. */
  OVERLOADED(INSUFFICIENT_RESOURCES, 429, "rate_limit_error"),
  /** No replica of the model is ready. */
  NOT_READY(INSUFFICIENT_RESOURCES, 503, "server_error"),
  /** A node has not got what a bundle asks for. */
  INSUFFICIENT_BUNDLE_RESOURCES(INSUFFICIENT_RESOURCES, 503, "server_error"),
  /** A commit came for a bundle that is not prepared. */
  BUNDLE_NOT_PREPARED(INSUFFICIENT_RESOURCES, 503, "server_error"),
  /** A request came from a placement group manager that has been replaced. */
  STALE_EPOCH(INSUFFICIENT_RESOURCES, 503, "server_error"),
  DEVICE_OUT_OF_MEMORY(INSUFFICIENT_RESOURCES, 503, "server_error"),
  /** A rank, replica or node died while it worked. */
  REPLICA_FAILED(INTERNAL_ERROR, 503, "server_error"),
  TIMEOUT(INTERNAL_ERROR, 408, "server_error"),
  INTERNAL(INTERNAL_ERROR, 500, "server_error");

  private final ErrorType type;
  private final int httpStatus;
  private final String openAiType;

  ErrorCode(ErrorType type, int httpStatus, String openAiType) {
    this.type = type;
    this.httpStatus = httpStatus;
    this.openAiType = openAiType;
  }

  /** Returns whose fault this is. */
  public ErrorType type() {
    return type;
  }

  /** Returns the HTTP status that a client gets. */
  public int httpStatus() {
    return httpStatus;
  }

  /** Returns the {@code error.type} of the OpenAI error body. */
  public String openAiType() {
    return openAiType;
  }

  /** Returns the {@code error.code} of the OpenAI error body, such as {@code model_not_found}. */
  public String openAiCode() {
    return name().toLowerCase(Locale.ROOT);
  }
}
