package io.phalanx.llm.serving;

import io.phalanx.llm.engine.LlmEngine;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;

/** What a replica tells the ingresses of its sequences; its actor alone calls this. */
final class ReplicaStreams {
  private final ActorRef<Replica.Command> self;
  private final LlmEngine engine;
  private final StreamTable<ActorRef<Replica.ToIngress>> table = new StreamTable<>();

  ReplicaStreams(ActorRef<Replica.Command> self, LlmEngine engine) {
    this.self = self;
    this.engine = engine;
  }

  /** Adds a sequence that the engine has taken. */
  void open(String requestId, ActorRef<Replica.ToIngress> ingress) {
    table.open(requestId, ingress);
  }

  /** Sends the events of a step: one message for each ingress. */
  void send(List<TokenEvent> events) {
    events.forEach(table::record);
    table.flush((ingress, part) -> ingress.tell(tokens(part)));
  }

  private Replica.Tokens tokens(List<TokenEvent> events) {
    return new Replica.Tokens(self, events, engine.numRequests());
  }

  /** Sends the events that an ingress lacks, or says that there are none. */
  void resend(Replica.Resend resend) {
    Optional<List<TokenEvent>> missing = table.since(resend.requestId(), resend.fromPosition());
    if (missing.isEmpty()) {
      refuse(
          resend.ingress(),
          resend.requestId(),
          new ServingException(ErrorCode.REPLICA_FAILED, "The replica lost the request."));
    } else if (missing.get().isEmpty()) {
      resend.ingress().tell(new Replica.StillRunning(self, resend.requestId()));
    } else {
      resend.ingress().tell(tokens(missing.get()));
    }
  }

  /** Tells an ingress that a sequence is not taken, or has ended. */
  void refuse(ActorRef<Replica.ToIngress> ingress, String requestId, ServingException error) {
    ingress.tell(
        new Replica.RequestFailed(
            self, requestId, error.code(), error.reason(), Optional.ofNullable(error.param())));
  }

  /** Ends a sequence that nobody wants any more. */
  void abort(String requestId) {
    engine.abort(requestId);
    table.close(requestId);
  }

  /** Ends the sequences of an ingress that is gone; returns how many. */
  int abortAllOf(ActorRef<Replica.ToIngress> ingress) {
    List<String> requests = table.requestsOf(ingress);
    requests.forEach(this::abort);
    return requests.size();
  }

  /** Tells every ingress that its sequences have ended. */
  void failAll(ServingException error) {
    table
        .readers()
        .forEach(
            (requestId, ingress) -> {
              table.close(requestId);
              refuse(ingress, requestId, error);
            });
  }
}
