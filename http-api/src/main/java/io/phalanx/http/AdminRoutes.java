package io.phalanx.http;

import static org.apache.pekko.http.javadsl.server.PathMatchers.segment;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.http.model.PlacementJson;
import io.phalanx.http.model.PlanAnswer;
import io.phalanx.http.model.PlanRequest;
import io.phalanx.http.model.StrictJson;
import io.phalanx.placement.GroupView;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.OperatorTables;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.placement.PlacementTables;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.javadsl.server.Route;

/**
 * The operator's routes: under {@code /admin/placement}, which change nothing, and those of {@link
 * DeploymentRoutes}.
 */
final class AdminRoutes extends LocalRoutes {
  private final PlacementGroups placement;
  private final DeploymentRoutes deployments;
  private final RequestBodies bodies;

  AdminRoutes(PlacementGroups placement, DeploymentRoutes deployments, RequestBodies bodies) {
    this.placement = placement;
    this.deployments = deployments;
    this.bodies = bodies;
  }

  Route create() {
    return pathPrefix(
        "admin",
        () ->
            concat(
                pathPrefix("placement", this::routes),
                pathPrefix("deployments", deployments::create)));
  }

  private Route routes() {
    return concat(
        path("nodes", () -> get(() -> local(this::nodes))),
        path("groups", () -> get(() -> local(this::groups))),
        path("plan", () -> post(() -> local(this::plan))),
        path(
            segment("groups").slash(segment()),
            id -> get(() -> local(request -> one(request, id, AdminRoutes::shown)))),
        path(
            segment("groups").slash(segment()).slash("explain"),
            id -> get(() -> local(request -> one(request, id, AdminRoutes::explained)))));
  }

  private CompletionStage<HttpResponse> nodes(HttpRequest request) {
    return placement
        .describe()
        .thenApply(
            cluster ->
                answer(
                    request,
                    () -> PlacementJson.nodes(cluster),
                    () -> nodeTables(cluster.nodes(), cluster.groups())));
  }

  private static List<String> nodeTables(List<NodeView> nodes, List<GroupView> groups) {
    List<String> lines = new ArrayList<>(PlacementTables.nodes(nodes));
    List<String> devices = OperatorTables.devices(nodes, groups);
    if (!devices.isEmpty()) {
      lines.add("");
      lines.addAll(devices);
    }
    return lines;
  }

  private CompletionStage<HttpResponse> groups(HttpRequest request) {
    return placement
        .describe()
        .thenApply(
            cluster ->
                answer(
                    request,
                    () -> PlacementJson.groups(cluster),
                    () -> OperatorTables.list(cluster.groups())));
  }

  /** What is said of one group, as JSON and as text. */
  private record Said(Supplier<ObjectNode> json, Supplier<List<String>> lines) {}

  private static Said shown(GroupView group, List<NodeView> nodes) {
    return new Said(
        () -> PlacementJson.group(group, nodes), () -> OperatorTables.show(group, nodes));
  }

  private static Said explained(GroupView group, List<NodeView> nodes) {
    return new Said(() -> PlacementJson.explanation(group), () -> OperatorTables.explain(group));
  }

  private CompletionStage<HttpResponse> one(
      HttpRequest request, String idOrName, BiFunction<GroupView, List<NodeView>, Said> say) {
    return placement
        .show(idOrName)
        .thenCombine(
            placement.nodes(),
            (group, nodes) -> {
              Said said = say.apply(group.orElseThrow(() -> noGroup(idOrName)), nodes);
              return answer(request, said.json(), said.lines());
            });
  }

  private static ServingException noGroup(String idOrName) {
    return ServingException.forParam(
        ErrorCode.NOT_FOUND,
        "group",
        "There is no placement group [%.80s]; /admin/placement/groups lists them."
            .formatted(idOrName));
  }

  private CompletionStage<HttpResponse> plan(HttpRequest request) {
    GenerationRoutes.requireJson(request);
    return bodies
        .read(request, body -> PlanRequest.read(StrictJson.parseObject(body)))
        .thenCompose(
            wanted ->
                placement
                    .nodes()
                    .thenApplyAsync(nodes -> PlanAnswer.of(wanted, nodes), bodies.preparation()))
        .thenApply(
            plan ->
                answer(request, plan::toJson, plan::lines)
                    .addHeader(
                        RawHeader.create(PlanAnswer.FITS_HEADER, Boolean.toString(plan.fits()))));
  }
}
