package io.phalanx.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.server.AllDirectives;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * What the operator's routes have in common: JSON, or tables where the client accepts {@code
 * text/plain}.
 *
 * <p>They are served only on loopback and only by this machine's own names, so that no page of
 * another site, whose name is made to mean this machine, uses them through a browser. A page that
 * does not disguise itself cannot either: what changes something takes a method or a content type
 * for which browsers ask first, and nobody answers them.
 */
abstract class LocalRoutes extends AllDirectives {
  private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "::1", "[::1]");

  /** Handles requests by this machine's own names. */
  final Route local(Function<HttpRequest, CompletionStage<HttpResponse>> handler) {
    return handle(
        request -> {
          requireLocalName(request);
          return handler.apply(request);
        });
  }

  private static void requireLocalName(HttpRequest request) {
    String name = request.getUri().host().address().toLowerCase(Locale.ROOT);
    if (!LOCAL_NAMES.contains(name)) {
      throw new ServingException(
          ErrorCode.FORBIDDEN,
          "The Host header names [%.80s]; /admin answers to localhost, 127.0.0.1 and [::1] only."
              .formatted(name));
    }
  }

  /** Answers with what the client accepts. */
  static HttpResponse answer(
      HttpRequest request, Supplier<ObjectNode> json, Supplier<List<String>> lines) {
    boolean text =
        request
            .getHeader("accept")
            .map(HttpHeader::value)
            .filter(value -> value.startsWith("text/plain"))
            .isPresent();
    return text
        ? HttpResponse.create()
            .withEntity(ContentTypes.TEXT_PLAIN_UTF8, String.join("\n", lines.get()) + "\n")
        : HttpResponse.create().withEntity(ContentTypes.APPLICATION_JSON, json.get().toString());
  }
}
