package io.phalanx.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.apache.pekko.http.javadsl.server.PathMatchers.remaining;
import static org.apache.pekko.http.javadsl.server.PathMatchers.segment;

import io.phalanx.http.model.ErrorBody;
import io.phalanx.llm.Models;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.metrics.Metrics;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpMethod;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.Allow;
import org.apache.pekko.http.javadsl.server.AllDirectives;
import org.apache.pekko.http.javadsl.server.ExceptionHandler;
import org.apache.pekko.http.javadsl.server.MethodRejection;
import org.apache.pekko.http.javadsl.server.Rejection;
import org.apache.pekko.http.javadsl.server.RejectionHandler;
import org.apache.pekko.http.javadsl.server.Route;

/** All routes of the endpoint; every refusal, Pekko HTTP's own included, is an OpenAI error. */
final class OpenAiRoutes extends AllDirectives {
  private final Models models;
  private final Metrics metrics;
  private final GenerationRoutes generation;
  private final Optional<Route> admin;

  /**
   * Creates the routes.
   *
   * @param admin the operator's routes; empty: there are none
   */
  OpenAiRoutes(Models models, Metrics metrics, GenerationRoutes generation, Optional<Route> admin) {
    this.models = models;
    this.metrics = metrics;
    this.generation = generation;
    this.admin = admin;
  }

  /** Returns the routes; each request must carry its {@link ClientConnection}. */
  Route create() {
    return concat(
            pathPrefix("v1", this::openAi),
            path("health", () -> get(() -> complete(ModelResponses.health(models)))),
            path("metrics", () -> get(this::exposition)),
            admin.orElseGet(this::reject))
        .seal(rejectionHandler(), exceptionHandler());
  }

  private Route openAi() {
    return concat(
        path(
            segment("chat").slash("completions"),
            () -> post(() -> handle(generation::chatCompletions))),
        path("completions", () -> post(() -> handle(generation::completions))),
        path("models", () -> get(() -> complete(ModelResponses.list(models)))),
        path(
            segment("models").slash(remaining()),
            id -> get(() -> complete(ModelResponses.one(models, id)))));
  }

  private Route exposition() {
    return complete(
        HttpResponse.create()
            .withEntity(
                ContentTypes.parse(Metrics.CONTENT_TYPE), metrics.exposition().getBytes(UTF_8)));
  }

  private RejectionHandler rejectionHandler() {
    return RejectionHandler.newBuilder()
        .handleAll(MethodRejection.class, rejections -> complete(methodNotAllowed(rejections)))
        .handleAll(
            Rejection.class,
            rejections ->
                complete(ErrorResponses.of(ErrorCode.INVALID_REQUEST, "The request is refused.")))
        .handleNotFound(
            extractUnmatchedPath(
                path ->
                    complete(
                        ErrorResponses.of(
                            ErrorCode.NOT_FOUND, "There is no such route; see /v1/models."))))
        .build();
  }

  private static HttpResponse methodNotAllowed(List<MethodRejection> rejections) {
    HttpMethod[] supported =
        rejections.stream().map(MethodRejection::supported).distinct().toArray(HttpMethod[]::new);
    String message = "This route takes " + supported[0].name() + " only.";
    return ErrorResponses.of(
            ErrorCode.METHOD_NOT_ALLOWED.httpStatus(),
            ErrorBody.of(ErrorCode.METHOD_NOT_ALLOWED, message))
        .addHeader(Allow.create(supported));
  }

  private ExceptionHandler exceptionHandler() {
    return ExceptionHandler.newBuilder()
        .match(Throwable.class, failure -> complete(ErrorResponses.of(failure)))
        .build();
  }
}
