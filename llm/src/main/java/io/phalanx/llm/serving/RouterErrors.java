package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;

/** What the router of a model tells the requests that it cannot serve. */
final class RouterErrors {
  private final LlmConfig config;

  RouterErrors(LlmConfig config) {
    this.config = config;
  }

  /** Returns what a replica said. */
  static ServingException of(Replica.RequestFailed failed) {
    return ServingException.forParam(failed.code(), failed.param().orElse(null), failed.reason());
  }

  ServingException idInUse(String requestId) {
    return ServingException.invalidParam(
        "request_id", "Request id " + requestId + " is in use; send another.");
  }

  ServingException deleted() {
    return new ServingException(
        ErrorCode.MODEL_NOT_FOUND, "Model [" + config.modelId() + "] is deployed no longer.");
  }

  ServingException notReady() {
    return new ServingException(
        ErrorCode.NOT_READY,
        "No replica of model [" + config.modelId() + "] is ready; try again in a while.");
  }

  ServingException replicaLost() {
    return new ServingException(
        ErrorCode.REPLICA_FAILED,
        "The replica of model [" + config.modelId() + "] that generated has ended.");
  }

  ServingException silent() {
    return new ServingException(ErrorCode.REPLICA_FAILED, "The replica is silent.");
  }

  ServingException timedOut(RoutedStream stream) {
    String state = stream.replica() == null ? "it still waited for a replica" : "it was cut short";
    return new ServingException(
        ErrorCode.TIMEOUT,
        "The answer of model ["
            + config.modelId()
            + "] was not whole within the request's timeout, and "
            + state
            + "; allow more time or ask for fewer tokens.");
  }
}
