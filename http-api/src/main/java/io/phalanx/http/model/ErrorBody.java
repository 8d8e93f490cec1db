package io.phalanx.http.model;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's error object.
 *
 * @param message the sentence for people
 * @param type such as {@code invalid_request_error}
 * @param param the request field concerned, or null
 * @param code such as {@code model_not_found}
 */
public record ErrorBody(String message, String type, @Nullable String param, String code) {

  /** Returns the error that a client is shown for an exception. */
  public static ErrorBody of(ServingException e) {
    return new ErrorBody(e.reason(), e.code().openAiType(), e.param(), e.code().openAiCode());
  }

  /** Returns an error of this code. */
  public static ErrorBody of(ErrorCode code, String message) {
    return new ErrorBody(message, code.openAiType(), null, code.openAiCode());
  }

  /** Returns <code>{"error": {...}}</code>. */
  public String toJson() {
    ObjectNode error = JsonNodeFactory.instance.objectNode();
    error.put("message", message);
    error.put("type", type);
    error.put("param", param);
    error.put("code", code);
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.set("error", error);
    return body.toString();
  }
}
