package io.phalanx.http;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.apache.pekko.http.javadsl.model.ContentType;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * Runs the sequences of a plan and answers with their tokens, as one body or as a stream whose
 * first token goes out at once. All of it ends with the client's connection.
 *
 * <p>Nothing but the answer's own body runs for a request: until its first token it is a task that
 * the token's arrival runs, and an answer of one body is gathered by such tasks alone.
 */
final class Generation {
  private static final ContentType EVENT_STREAM = MediaTypes.TEXT_EVENT_STREAM.toContentType();
  private static final List<HttpHeader> HEADERS =
      List.of(
          RawHeader.create("Cache-Control", "no-cache"),
          RawHeader.create("X-Accel-Buffering", "no"));

  private final Executor executor;
  private final Duration heartbeatInterval;

  /**
   * Creates it.
   *
   * @param executor makes the responses
   */
  Generation(Executor executor, Duration heartbeatInterval) {
    this.executor = executor;
    this.heartbeatInterval = heartbeatInterval;
  }

  /**
   * Runs the plan.
   *
   * @param arrivedNanos when the request came, by {@link System#nanoTime}
   * @return the response; fails if the first token cannot be generated or, without streaming, any
   */
  CompletionStage<HttpResponse> run(
      GenerationPlan plan, ClientConnection connection, long arrivedNanos) {
    ChoiceReader reader = ChoiceReader.open(plan);
    connection.hold(reader);
    Runnable ended = () -> connection.release(reader);
    CompletableFuture<HttpResponse> response = new CompletableFuture<>();
    if (plan.options().streaming().isEmpty()) {
      new Gathering(plan, reader, response).take();
      return response.whenComplete((made, failure) -> ended.run());
    }
    SseAnswer answer = new SseAnswer(plan, plan.options().streaming().get());
    Runnable begun =
        () -> plan.model().onFirstEvent(Duration.ofNanos(System.nanoTime() - arrivedNanos));
    SseStage body = new SseStage(answer, reader, begun, ended, heartbeatInterval);
    reader.onReady(() -> response.completeAsync(() -> respond(reader, body), executor));
    return response.whenComplete((made, failure) -> endIfFailed(failure, ended));
  }

  private static void endIfFailed(@Nullable Throwable failure, Runnable ended) {
    if (failure != null) {
      ended.run();
    }
  }

  /** Returns the response; fails as the first event does. */
  private static HttpResponse respond(ChoiceReader reader, SseStage body) {
    if (reader.peek() == null) {
      throw new ServingException(
          ErrorCode.REPLICA_FAILED, "The model gave no answer; send the request again.");
    }
    return HttpResponse.create()
        .addHeaders(HEADERS)
        .withEntity(HttpEntities.create(EVENT_STREAM, Source.fromGraph(body)));
  }

  /** The gathering of an answer of one body, by whoever brings its tokens. */
  private final class Gathering {
    private final ChoiceReader reader;
    private final CompletableFuture<HttpResponse> response;
    private final WholeAnswer answer;

    private Gathering(
        GenerationPlan plan, ChoiceReader reader, CompletableFuture<HttpResponse> response) {
      this.reader = reader;
      this.response = response;
      this.answer = new WholeAnswer(plan);
    }

    /** Takes what is there; then waits for more or makes the response. */
    private void take() {
      try {
        for (ChoiceEvent event = reader.poll(); event != null; event = reader.poll()) {
          answer.add(event);
        }
      } catch (ServingException | ClientClosedException e) {
        response.completeExceptionally(e);
        return;
      }
      if (reader.isFinished()) {
        response.completeAsync(
            () -> HttpResponse.create().withEntity(ContentTypes.APPLICATION_JSON, answer.toJson()),
            executor);
      } else {
        reader.onReady(this::take);
      }
    }
  }
}
