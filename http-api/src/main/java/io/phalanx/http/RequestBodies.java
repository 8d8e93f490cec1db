package io.phalanx.http;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.apache.pekko.http.javadsl.model.HttpEntity;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.RequestEntity;
import org.apache.pekko.stream.Materializer;
import org.apache.pekko.util.ByteString;

/**
 * The request bodies that are in memory: each is bounded, and so are all of them together, so that
 * clients cannot exhaust the heap. Safe for many threads.
 */
final class RequestBodies {
  private final HttpSettings settings;
  private final Executor preparation;
  private final Materializer materializer;
  private final AtomicLong bytesInMemory = new AtomicLong();

  /**
   * Creates it.
   *
   * @param preparation runs what is made of each body
   */
  RequestBodies(HttpSettings settings, Executor preparation, Materializer materializer) {
    this.settings = settings;
    this.preparation = preparation;
    this.materializer = materializer;
  }

  /** Returns what runs the work on bodies, and may run what follows from it. */
  Executor preparation() {
    return preparation;
  }

  /**
   * Reads the body of a request and makes something of it; then the body is forgotten.
   *
   * @return what {@code use} makes of it; fails if the body is larger than {@code max-body} or too
   *     slow, and with {@code OVERLOADED} if all bodies together are larger than {@code max-bodies}
   */
  <T> CompletionStage<T> read(HttpRequest request, Function<byte[], T> use) {
    Share share = new Share();
    return collect(request.entity(), share)
        .thenApplyAsync(body -> use.apply(body.toArray()), preparation)
        .whenComplete((result, failure) -> share.giveBack());
  }

  private CompletionStage<ByteString> collect(RequestEntity entity, Share share) {
    HttpEntity limited = entity.withSizeLimit(settings.maxBodyBytes());
    if (limited instanceof HttpEntity.Strict strict) {
      return CompletableFuture.completedFuture(share.take(strict.getData()));
    }
    return limited
        .getDataBytes()
        .map(share::take)
        .completionTimeout(settings.bodyTimeout())
        .runFold(ByteString.emptyByteString(), ByteString::concat, materializer);
  }

  /** What one body takes of the memory for all. */
  private final class Share {
    private long bytes;
    private boolean over;

    synchronized ByteString take(ByteString part) {
      if (over) {
        return part;
      }
      if (bytesInMemory.addAndGet(part.size()) > settings.maxBodiesBytes()) {
        bytesInMemory.addAndGet(-part.size());
        throw new ServingException(
            ErrorCode.OVERLOADED,
            "The bodies of all requests are more than phalanx.http.max-bodies; try again soon.");
      }
      bytes += part.size();
      return part;
    }

    synchronized void giveBack() {
      over = true;
      bytesInMemory.addAndGet(-bytes);
      bytes = 0;
    }
  }
}
