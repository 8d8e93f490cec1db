package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ServingException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.typed.ActorRef;

/** A reader that keeps what it gets. */
final class Reader implements TokenSink {
  private static final int WAIT_SECONDS = 10;

  private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();

  @Override
  public void event(TokenEvent event) {
    received.add(event);
  }

  @Override
  public void movedTo(ActorRef<ReplicaRouter.Command> router) {
    received.add(router);
  }

  @Override
  public void fail(ServingException error) {
    received.add(error);
  }

  TokenEvent event() {
    return (TokenEvent) next();
  }

  ServingException failure() {
    return (ServingException) next();
  }

  private Object next() {
    try {
      Object next = received.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      assertThat(next).as("something received").isNotNull();
      return next;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
