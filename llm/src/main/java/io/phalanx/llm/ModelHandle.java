package io.phalanx.llm;

import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.llm.hub.GenerationDefaults;
import io.phalanx.llm.tokenizer.ChatTemplate;
import io.phalanx.llm.tokenizer.Tokenizer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.NotUsed;
import org.apache.pekko.stream.javadsl.Source;

/**
 * One deployed model as its callers see it; safe for many threads.
 *
 * <p>While the model's files are not read yet, everything but {@link #modelId} and {@link #ready}
 * throws a {@code ServingException} with {@code NOT_READY}.
 */
public interface ModelHandle {

  /** Returns the id that requests name. */
  String modelId();

  /** Returns what clients are shown about the model. */
  ModelCard card();

  /** Returns the model's tokenizer; the handle owns it. */
  Tokenizer tokenizer();

  /**
   * Returns the model's own chat template.
   *
   * @throws io.phalanx.runtime.error.ServingException {@code INVALID_REQUEST} if it has none
   */
  ChatTemplate chatTemplate();

  /** Returns the sampling defaults that the model's files name. */
  GenerationDefaults generationDefaults();

  /** Returns the seed for a request that brings none of its own; another one at each call. */
  long nextSeed();

  /** Returns the HTTP header whose value names a request's session, in lower case. */
  String sessionHeader();

  /** Returns whether at least one replica has generated a real token and takes requests. */
  boolean ready();

  /**
   * Generates the continuation of a prompt on one of the model's replicas.
   *
   * <p>Every run of the source sends the request once; run it once only. Cancelling the stream
   * aborts the sequence and frees its blocks. A slow reader gets the texts of several tokens in one
   * event; nothing is lost and the buffer stays bounded.
   *
   * @return token events in order, the last one with a finish reason; fails with a {@code
   *     ServingException}: {@code NOT_READY}, {@code OVERLOADED}, {@code CONTEXT_LENGTH_EXCEEDED},
   *     {@code REPLICA_FAILED}
   */
  Source<TokenEvent, NotUsed> generate(GenerationRequest request);

  /**
   * Generates the continuation of a prompt as {@link #generate} does, at once, for a reader that is
   * no stream.
   *
   * @throws io.phalanx.runtime.error.ServingException if the request is refused before it is sent;
   *     later failures come from the reader
   */
  TokenReader open(GenerationRequest request);

  /**
   * Counts how long the client of a streamed request waited until its first token went out.
   *
   * @param sinceArrival from the request's arrival
   */
  void onFirstEvent(Duration sinceArrival);

  /**
   * Generates the whole continuation of a prompt.
   *
   * <pre>{@code
   * model.generateWhole(request).thenAccept(whole -> System.out.println(whole.text()));
   * }</pre>
   *
   * @return text, tokens and usage; fails as {@link #generate} does, and ends the sequence when it
   *     is cancelled
   */
  default CompletableFuture<Generated> generateWhole(GenerationRequest request) {
    return WholeGeneration.begin(this, request);
  }
}
