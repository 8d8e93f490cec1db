package io.phalanx.http;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.TokenReader;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.NotUsed;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/** A reader of the events of a stream, which runs in an actor system for all tests. */
final class SourceReader implements TokenReader {
  private static final ActorSystem SYSTEM =
      ActorSystem.create(
          "fake-models",
          ConfigFactory.parseString("pekko { daemonic = on, actor.provider = local }")
              .withFallback(ConfigFactory.load()));

  private final Deque<TokenEvent> events = new ArrayDeque<>();
  private final UniqueKillSwitch running;
  private @Nullable ServingException failure;
  private @Nullable Runnable ready;
  private boolean whole;

  SourceReader(Source<TokenEvent, NotUsed> source) {
    Pair<UniqueKillSwitch, CompletionStage<Done>> run =
        source
            .viaMat(KillSwitches.single(), Keep.right())
            .toMat(Sink.foreach(this::add), Keep.both())
            .run(SYSTEM);
    running = run.first();
    run.second().whenComplete((done, error) -> end(error));
  }

  private void add(TokenEvent event) {
    Runnable task;
    synchronized (this) {
      events.add(event);
      whole |= event.finishReason() != null;
      task = ready;
      ready = null;
    }
    run(task);
  }

  /** A stream that ends without a finish reason is one that broke. */
  private void end(@Nullable Throwable error) {
    Throwable cause = error instanceof CompletionException ? error.getCause() : error;
    Runnable task;
    synchronized (this) {
      failure = whole ? null : failureOf(cause);
      task = ready;
      ready = null;
    }
    run(task);
  }

  private static ServingException failureOf(@Nullable Throwable cause) {
    return cause instanceof ServingException serving
        ? serving
        : new ServingException(ErrorCode.REPLICA_FAILED, "The answer ended early.");
  }

  private static void run(@Nullable Runnable task) {
    if (task != null) {
      task.run();
    }
  }

  @Override
  public synchronized @Nullable TokenEvent poll() {
    if (events.isEmpty() && failure != null) {
      throw failure;
    }
    return events.poll();
  }

  @Override
  public void onReady(Runnable task) {
    boolean now;
    synchronized (this) {
      now = !events.isEmpty() || failure != null;
      ready = now ? null : task;
    }
    run(now ? task : null);
  }

  @Override
  public void cancel() {
    running.shutdown();
  }
}
