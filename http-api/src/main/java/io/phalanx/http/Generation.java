package io.phalanx.http;

import io.phalanx.http.model.GenerationOptions.Streaming;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.Metric;
import io.phalanx.runtime.metrics.Metrics;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.NotUsed;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpEntities;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaTypes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.japi.pf.PFBuilder;
import org.apache.pekko.stream.ActorAttributes;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.stream.StreamSubscriptionTimeoutTerminationMode;
import org.apache.pekko.stream.javadsl.Sink;
import org.apache.pekko.stream.javadsl.Source;
import org.apache.pekko.util.ByteString;
import scala.PartialFunction;

/**
 * Runs the sequences of a plan and answers with their tokens, as one body or as a stream whose
 * first token goes out at once. All of it ends with the client's connection.
 */
final class Generation {
  private static final int MOST_EVENTS_PER_WRITE = 64;
  private static final double NANOS_PER_SECOND = 1e9;

  /** How long a stream may wait for earlier answers on the same connection. */
  private static final Duration PIPELINE_PATIENCE = Duration.ofHours(1);

  private final Materializer materializer;
  private final Metrics metrics;
  private final Duration heartbeatInterval;

  Generation(Materializer materializer, Metrics metrics, Duration heartbeatInterval) {
    this.materializer = materializer;
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
    Source<ChoiceEvent, NotUsed> events = events(plan).via(connection.untilClosed());
    return plan.options()
        .streaming()
        .map(streaming -> stream(plan, streaming, events, arrivedNanos))
        .orElseGet(() -> collect(plan, events, arrivedNanos));
  }

  private static Source<ChoiceEvent, NotUsed> events(GenerationPlan plan) {
    List<GenerationRequest> requests = plan.requests();
    if (requests.size() == 1) {
      return events(plan, 0);
    }
    return Source.range(0, requests.size() - 1)
        .flatMapMerge(requests.size(), choice -> events(plan, choice));
  }

  private static Source<ChoiceEvent, NotUsed> events(GenerationPlan plan, int choice) {
    return plan.model()
        .generate(plan.requests().get(choice))
        .map(event -> new ChoiceEvent(choice, event));
  }

  private CompletionStage<HttpResponse> collect(
      GenerationPlan plan, Source<ChoiceEvent, NotUsed> events, long arrivedNanos) {
    return events
        .prefixAndTail(1)
        .map(first -> observeFirst(plan, first, arrivedNanos))
        .flatMapConcat(Generation::joined)
        .runWith(Sink.fold(new WholeAnswer(plan), WholeAnswer::add), materializer)
        .thenApply(
            answer ->
                HttpResponse.create().withEntity(ContentTypes.APPLICATION_JSON, answer.toJson()));
  }

  private CompletionStage<HttpResponse> stream(
      GenerationPlan plan,
      Streaming streaming,
      Source<ChoiceEvent, NotUsed> events,
      long arrivedNanos) {
    return events
        .prefixAndTail(1)
        .addAttributes(
            ActorAttributes.streamSubscriptionTimeout(
                PIPELINE_PATIENCE, StreamSubscriptionTimeoutTerminationMode.cancel()))
        .runWith(Sink.head(), materializer)
        .thenApply(first -> observeFirst(plan, first, arrivedNanos))
        .thenApply(first -> response(new SseAnswer(plan, streaming), joined(first)));
  }

  private HttpResponse response(SseAnswer answer, Source<ChoiceEvent, NotUsed> events) {
    Source<ByteString, NotUsed> bytes =
        events
            .map(answer::onEvent)
            .concatLazy(Source.lazySingle(answer::onEnd))
            .recover(failures(answer))
            .filter(frames -> !frames.isEmpty())
            .batch(MOST_EVENTS_PER_WRITE, frames -> frames, ByteString::concat)
            .keepAlive(heartbeatInterval, () -> SseAnswer.HEARTBEAT);
    return HttpResponse.create()
        .addHeader(RawHeader.create("Cache-Control", "no-cache"))
        .addHeader(RawHeader.create("X-Accel-Buffering", "no"))
        .withEntity(HttpEntities.create(MediaTypes.TEXT_EVENT_STREAM.toContentType(), bytes));
  }

  private static PartialFunction<Throwable, ByteString> failures(SseAnswer answer) {
    return new PFBuilder<Throwable, ByteString>().match(Throwable.class, answer::onFailure).build();
  }

  private Pair<List<ChoiceEvent>, Source<ChoiceEvent, NotUsed>> observeFirst(
      GenerationPlan plan,
      Pair<List<ChoiceEvent>, Source<ChoiceEvent, NotUsed>> first,
      long arrivedNanos) {
    if (first.first().isEmpty()) {
      throw new ServingException(
          ErrorCode.REPLICA_FAILED, "The model gave no answer; send the request again.");
    }
    metrics
        .histogram(Metric.TIME_TO_FIRST_TOKEN, plan.model().modelId())
        .observe((System.nanoTime() - arrivedNanos) / NANOS_PER_SECOND);
    return first;
  }

  private static Source<ChoiceEvent, NotUsed> joined(
      Pair<List<ChoiceEvent>, Source<ChoiceEvent, NotUsed>> first) {
    return Source.from(first.first()).concatLazy(Source.lazySource(first::second));
  }
}
