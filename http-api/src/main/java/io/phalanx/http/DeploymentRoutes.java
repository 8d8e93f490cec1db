package io.phalanx.http;

import static org.apache.pekko.http.javadsl.server.PathMatchers.segment;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.phalanx.http.model.DeploymentJson;
import io.phalanx.http.model.DeploymentTables;
import io.phalanx.http.model.LlmConfigJson;
import io.phalanx.http.model.ScaleRequest;
import io.phalanx.http.model.StrictJson;
import io.phalanx.llm.DeploymentPreflight;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.llm.serving.Deployments;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * The operator's routes under {@code /admin/deployments}: they list, show, create or update, scale
 * and delete what the cluster serves. A {@code /} in a model's id is written {@code %2F}.
 */
final class DeploymentRoutes extends LocalRoutes {
  private final Deployments deployments;
  private final HubSettings hub;
  private final RequestBodies bodies;

  /**
   * Creates the routes.
   *
   * @param hub where the files of a model are looked for before it is deployed
   */
  DeploymentRoutes(Deployments deployments, HubSettings hub, RequestBodies bodies) {
    this.deployments = deployments;
    this.hub = hub;
    this.bodies = bodies;
  }

  Route create() {
    return concat(
        pathEnd(() -> get(() -> local(this::list))),
        path(
            segment(),
            id ->
                concat(
                    get(() -> local(request -> show(request, id))),
                    put(() -> local(request -> deploy(request, id))),
                    delete(() -> local(request -> delete(request, id))))),
        path(segment().slash("scale"), id -> post(() -> local(request -> scale(request, id)))),
        path(
            segment().slash("decisions"),
            id -> get(() -> local(request -> decisions(request, id)))));
  }

  private CompletionStage<HttpResponse> list(HttpRequest request) {
    return deployments
        .list()
        .thenApply(
            all ->
                answer(request, () -> DeploymentJson.list(all), () -> DeploymentTables.list(all)));
  }

  private CompletionStage<HttpResponse> show(HttpRequest request, String id) {
    return find(id).thenApply(status -> shown(request, status));
  }

  private CompletionStage<DeploymentStatus> find(String id) {
    return deployments
        .show(id)
        .thenApply(
            status ->
                status.orElseThrow(
                    () ->
                        ServingException.forParam(
                            ErrorCode.MODEL_NOT_FOUND,
                            "model",
                            "No model [%.80s] is deployed; /admin/deployments lists those that are."
                                .formatted(id))));
  }

  private static HttpResponse shown(HttpRequest request, DeploymentStatus status) {
    return answer(
        request, () -> DeploymentJson.deployment(status), () -> DeploymentTables.show(status));
  }

  private CompletionStage<HttpResponse> deploy(HttpRequest request, String id) {
    GenerationRoutes.requireJson(request);
    return bodies
        .read(request, body -> read(id, body))
        .thenCompose(deployments::deploy)
        .thenApply(status -> shown(request, status));
  }

  private LlmConfig read(String id, byte[] body) {
    LlmConfig config = LlmConfigJson.read(StrictJson.parseObject(body));
    if (!config.modelId().equals(id)) {
      throw ServingException.invalidParam(
          "model-id",
          "model-loading-config.model-id is [%s], but the path names [%.80s]; make them equal."
              .formatted(config.modelId(), id));
    }
    try {
      DeploymentPreflight.check(List.of(config), hub);
    } catch (ServingException e) {
      throw new ServingException(ErrorCode.INVALID_CONFIGURATION, e.reason(), e);
    }
    return config;
  }

  private CompletionStage<HttpResponse> scale(HttpRequest request, String id) {
    GenerationRoutes.requireJson(request);
    return bodies
        .read(request, body -> ScaleRequest.read(StrictJson.parseObject(body)))
        .thenCompose(wanted -> deployments.scale(id, wanted.replicas()))
        .thenApply(status -> shown(request, status));
  }

  private CompletionStage<HttpResponse> delete(HttpRequest request, String id) {
    return find(id)
        .thenCompose(status -> deployments.delete(id))
        .thenApply(
            done ->
                answer(
                    request,
                    () ->
                        JsonNodeFactory.instance
                            .objectNode()
                            .put("object", "deployment")
                            .put("id", id)
                            .put("deleted", true),
                    () -> List.of("Model [" + id + "] is deleted.")));
  }

  private CompletionStage<HttpResponse> decisions(HttpRequest request, String id) {
    return find(id)
        .thenApply(DeploymentStatus::decisions)
        .thenApply(
            decisions ->
                answer(
                    request,
                    () -> DeploymentJson.decisions(decisions),
                    () -> DeploymentTables.decisions(decisions)));
  }
}
