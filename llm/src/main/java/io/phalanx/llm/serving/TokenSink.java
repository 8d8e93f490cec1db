package io.phalanx.llm.serving;

import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ServingException;

/** Where the events of one request go on its ingress; safe for many threads, never blocks. */
interface TokenSink {

  /** Takes the next event. */
  void event(TokenEvent event);

  /** Ends the stream with an error. */
  void fail(ServingException error);
}
