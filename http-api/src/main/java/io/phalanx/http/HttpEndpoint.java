package io.phalanx.http;

import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Extension;
import org.apache.pekko.actor.typed.ExtensionId;

/** Where the OpenAI endpoint of a node listens; one for each actor system. */
public final class HttpEndpoint implements Extension {
  private static final Id ID = new Id();

  private final CompletableFuture<InetSocketAddress> address = new CompletableFuture<>();

  private HttpEndpoint() {}

  /** Returns the endpoint of the node that {@code system} runs. */
  public static HttpEndpoint of(ActorSystem<?> system) {
    return ID.apply(system);
  }

  /**
   * Completes with the address once it is bound; fails with {@code INVALID_CONFIGURATION} if it
   * cannot be.
   */
  public CompletionStage<InetSocketAddress> address() {
    return address.minimalCompletionStage();
  }

  void bound(InetSocketAddress bound) {
    address.complete(bound);
  }

  void failed(Throwable failure) {
    address.completeExceptionally(failure);
  }

  private static final class Id extends ExtensionId<HttpEndpoint> {
    @Override
    public HttpEndpoint createExtension(ActorSystem<?> system) {
      return new HttpEndpoint();
    }
  }
}
