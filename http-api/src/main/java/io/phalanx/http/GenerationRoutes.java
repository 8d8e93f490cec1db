package io.phalanx.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.http.model.ChatCompletionRequest;
import io.phalanx.http.model.CompletionRequest;
import io.phalanx.http.model.StrictJson;
import io.phalanx.llm.ModelHandle;
import io.phalanx.llm.Models;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.MediaType;

/** The two routes that generate: body to plan, plan to answer. */
final class GenerationRoutes {
  private final Models models;
  private final RequestBodies bodies;
  private final GenerationPlanner planner;
  private final Generation generation;

  GenerationRoutes(
      Models models, RequestBodies bodies, GenerationPlanner planner, Generation generation) {
    this.models = models;
    this.bodies = bodies;
    this.planner = planner;
    this.generation = generation;
  }

  /** Answers {@code POST /v1/chat/completions}. */
  CompletionStage<HttpResponse> chatCompletions(HttpRequest request) {
    return generate(request, this::planChat);
  }

  /** Answers {@code POST /v1/completions}. */
  CompletionStage<HttpResponse> completions(HttpRequest request) {
    return generate(request, this::planCompletion);
  }

  private GenerationPlan planChat(ObjectNode body, RequestHeaders headers) {
    ChatCompletionRequest request = ChatCompletionRequest.read(body);
    return planner.plan(find(request.model()), request, headers);
  }

  private GenerationPlan planCompletion(ObjectNode body, RequestHeaders headers) {
    CompletionRequest request = CompletionRequest.read(body);
    return planner.plan(find(request.model()), request, headers);
  }

  private CompletionStage<HttpResponse> generate(
      HttpRequest request, BiFunction<ObjectNode, RequestHeaders, GenerationPlan> plan) {
    ClientConnection connection = request.getAttribute(ClientConnection.KEY).orElseThrow();
    requireJson(request);
    long arrivedNanos = System.nanoTime();
    RequestHeaders headers = new RequestHeaders(request, arrivedNanos);
    return bodies
        .read(request, body -> plan.apply(StrictJson.parseObject(body), headers))
        .thenCompose(planned -> generation.run(planned, connection, arrivedNanos));
  }

  /** Refuses a body that is not said to be JSON. */
  static void requireJson(HttpRequest request) {
    MediaType type = request.entity().getContentType().mediaType();
    boolean json = type.subType().equals("json") || type.subType().endsWith("+json");
    if (!type.mainType().equals("application") || !json) {
      throw new ServingException(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE,
          "Content-Type is " + type + "; it must be application/json.");
    }
  }

  private ModelHandle find(Optional<String> id) {
    if (id.isPresent()) {
      return models.find(id.get()).orElseThrow(() -> ModelResponses.notFound(id.get()));
    }
    List<ModelHandle> all = models.all();
    if (all.size() != 1) {
      throw ServingException.invalidParam(
          "model", "model is missing; it is needed because " + all.size() + " models are served.");
    }
    return all.get(0);
  }
}
