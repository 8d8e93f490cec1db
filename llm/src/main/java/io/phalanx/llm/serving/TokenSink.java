package io.phalanx.llm.serving;

import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ServingException;
import org.apache.pekko.actor.typed.ActorRef;

/** Where the events of one request go on its ingress; safe for many threads, never blocks. */
interface TokenSink {

  /** Takes the next event. */
  void event(TokenEvent event);

  /** Another router answers for the request from now on. */
  void movedTo(ActorRef<ReplicaRouter.Command> router);

  /** Ends the stream with an error. */
  void fail(ServingException error);
}
