package io.phalanx.http;

import io.phalanx.llm.ModelCard;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.TokenReader;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.llm.tokenizer.ChatMessage;
import io.phalanx.llm.tokenizer.ChatTemplate;
import io.phalanx.llm.tokenizer.FakeTokenizer;
import io.phalanx.llm.tokenizer.Tokenizer;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.pekko.NotUsed;
import org.apache.pekko.stream.javadsl.Source;
import org.jspecify.annotations.Nullable;

/**
 * A model that gives the tokens {@code w0}, {@code w1}, ... or misbehaves as asked, and tells which
 * sequences have started and ended.
 */
final class FakeModel implements ModelHandle {
  static final int MAX_MODEL_LENGTH = 1000;

  /** What a request without a seed gets. */
  static final long SEED = 99;

  /** Requests in the order in which their sequences started. */
  final BlockingQueue<GenerationRequest> started = new LinkedBlockingQueue<>();

  /** Ids of requests whose sequences have ended, cancelled or not. */
  final BlockingQueue<String> ended = new LinkedBlockingQueue<>();

  /** How long clients of streams waited for their first tokens. */
  final BlockingQueue<Duration> firstEvents = new LinkedBlockingQueue<>();

  private final String id;
  private final Function<GenerationRequest, Source<TokenEvent, NotUsed>> generator;
  volatile boolean ready = true;

  private FakeModel(String id, Function<GenerationRequest, Source<TokenEvent, NotUsed>> generator) {
    this.id = id;
    this.generator = generator;
  }

  /** Generates {@code max_tokens} tokens and ends. */
  static FakeModel counting(String id) {
    return new FakeModel(
        id, request -> words(request, request.sampling().maxTokens(), FinishReason.LENGTH));
  }

  /** Never gives a token and never ends. */
  static FakeModel silent(String id) {
    return new FakeModel(
        id, request -> Source.<TokenEvent>maybe().mapMaterializedValue(p -> NotUsed.getInstance()));
  }

  /** Gives a token every few milliseconds, without end. */
  static FakeModel endless(String id) {
    return new FakeModel(
        id,
        request ->
            Source.tick(Duration.ZERO, Duration.ofMillis(5), "w ")
                .zipWithIndex()
                .map(pair -> event(request, pair.second().intValue(), pair.first(), null))
                .mapMaterializedValue(cancellable -> NotUsed.getInstance()));
  }

  /** Fails after {@code tokens} tokens. */
  static FakeModel failing(String id, int tokens, ErrorCode code) {
    return new FakeModel(
        id,
        request ->
            words(request, tokens, null)
                .concatLazy(
                    Source.lazySource(
                        () -> Source.failed(new ServingException(code, "as the test asked")))));
  }

  /** Fails at once. */
  static FakeModel refusing(String id, ServingException error) {
    return new FakeModel(id, request -> Source.failed(error));
  }

  /** Ends without a finish reason after two tokens. */
  static FakeModel truncating(String id) {
    return new FakeModel(id, request -> words(request, 2, null));
  }

  private static Source<TokenEvent, NotUsed> words(
      GenerationRequest request, int count, @Nullable FinishReason last) {
    return Source.from(
        IntStream.range(0, count)
            .mapToObj(i -> event(request, i, "w" + i + " ", i == count - 1 ? last : null))
            .toList());
  }

  private static TokenEvent event(
      GenerationRequest request, int position, String text, @Nullable FinishReason reason) {
    int cachedTokens = request.promptTokenIds().length - 1;
    return new TokenEvent(
        request.requestId(), position, 100 + position, text, reason, cachedTokens);
  }

  @Override
  public String modelId() {
    return id;
  }

  @Override
  public ModelCard card() {
    return new ModelCard(id, 1_700_000_000L, MAX_MODEL_LENGTH, "fake");
  }

  @Override
  public Tokenizer tokenizer() {
    return new FakeTokenizer();
  }

  @Override
  public ChatTemplate chatTemplate() {
    return (messages, variables) ->
        messages.stream().map(FakeModel::render).collect(Collectors.joining()).chars().toArray();
  }

  private static String render(ChatMessage message) {
    return message.role() + ":" + message.content() + "\n";
  }

  @Override
  public GenerationDefaults generationDefaults() {
    return new GenerationDefaults(List.of(), 0.5f, 7, 0.9f, 0.1f);
  }

  @Override
  public long nextSeed() {
    return SEED;
  }

  @Override
  public boolean ready() {
    return ready;
  }

  @Override
  public String sessionHeader() {
    return "x-session-id";
  }

  @Override
  public void onFirstEvent(Duration sinceArrival) {
    firstEvents.add(sinceArrival);
  }

  @Override
  public TokenReader open(GenerationRequest request) {
    return new SourceReader(generate(request));
  }

  @Override
  public Source<TokenEvent, NotUsed> generate(GenerationRequest request) {
    return generator
        .apply(request)
        .watchTermination(
            (notUsed, done) -> {
              started.add(request);
              done.whenComplete((ok, failure) -> ended.add(request.requestId()));
              return notUsed;
            });
  }
}
