package io.phalanx.http;

import io.phalanx.http.model.GenerationOptions.Streaming;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.Metric;
import io.phalanx.runtime.metrics.Metrics;
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
  private static final double NANOS_PER_SECOND = 1e9;
  private static final ContentType EVENT_STREAM = MediaTypes.TEXT_EVENT_STREAM.toContentType();
  private static final List<HttpHeader> HEADERS =
      List.of(
          RawHeader.create("Cache-Control", "no-cache"),
          RawHeader.create("X-Accel-Buffering", "no"));

  private final Executor executor;
  private final Metrics metrics;
  private final Duration heartbeatInterval;

  /**
   * Creates it.
   *
   * @param executor makes the responses
   */
  Generation(Executor executor, Metrics metrics, Duration heartbeatInterval) {
    this.executor = executor;
    this.metrics = metrics;
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
    if (plan.options().streaming().isPresent()) {
      Streaming streaming = plan.options().streaming().get();
      reader.onReady(
          () ->
              response.completeAsync(
                  () -> {
                    observeFirst(plan, reader.peek(), arrivedNanos);
                    SseAnswer answer = new SseAnswer(plan, streaming);
                    return respond(new SseStage(answer, reader, ended, heartbeatInterval));
                  },
                  executor));
      return response.whenComplete((made, failure) -> endIfFailed(failure, ended));
    }
    new Gathering(plan, reader, response, arrivedNanos).take();
    return response.whenComplete((made, failure) -> ended.run());
  }

  private static void endIfFailed(@Nullable Throwable failure, Runnable ended) {
    if (failure != null) {
      ended.run();
    }
  }

  private static HttpResponse respond(SseStage body) {
    return HttpResponse.create()
        .addHeaders(HEADERS)
        .withEntity(HttpEntities.create(EVENT_STREAM, Source.fromGraph(body)));
  }

  private void observeFirst(GenerationPlan plan, @Nullable ChoiceEvent first, long arrivedNanos) {
    if (first == null) {
      throw new ServingException(
          ErrorCode.REPLICA_FAILED, "The model gave no answer; send the request again.");
    }
    metrics
        .histogram(Metric.TIME_TO_FIRST_TOKEN, plan.model().modelId())
        .observe((System.nanoTime() - arrivedNanos) / NANOS_PER_SECOND);
  }

  /** The gathering of an answer of one body, by whoever brings its tokens. */
  private final class Gathering {
    private final GenerationPlan plan;
    private final ChoiceReader reader;
    private final CompletableFuture<HttpResponse> response;
    private final WholeAnswer answer;
    private final long arrivedNanos;
    private boolean begun;

    private Gathering(
        GenerationPlan plan,
        ChoiceReader reader,
        CompletableFuture<HttpResponse> response,
        long arrivedNanos) {
      this.plan = plan;
      this.reader = reader;
      this.response = response;
      this.answer = new WholeAnswer(plan);
      this.arrivedNanos = arrivedNanos;
    }

    /** Takes what is there; then waits for more or makes the response. */
    private void take() {
      try {
        takeEvents();
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

    private void takeEvents() {
      for (ChoiceEvent event = reader.poll(); event != null; event = reader.poll()) {
        if (!begun) {
          begun = true;
          observeFirst(plan, event, arrivedNanos);
        }
        answer.add(event);
      }
    }
  }
}
