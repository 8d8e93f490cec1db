package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.PlacementGroup;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.placement.PlacementStrategy;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator's routes over real connections to a cluster of two nodes. */
final class AdminRoutesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final AdminCluster cluster = AdminCluster.start();
  private static final HttpClient client = HttpClient.newHttpClient();

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(cluster.url() + "/admin/placement/" + path));
  }

  private static JsonNode get(String path) throws Exception {
    HttpResponse<String> response = send(request(path));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  private static HttpResponse<String> plan(String body) throws Exception {
    return send(
        request("plan")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  @Test
  void groups_showStateBundlesNodesAndDevices() throws Exception {
    JsonNode groups = get("groups");

    assertThat(groups.path("object").asText()).isEqualTo("list");
    JsonNode shared = groups.path("data").path(0);
    assertThat(shared.path("name").asText()).isEqualTo("shared");
    assertThat(shared.path("state").asText()).isEqualTo("CREATED");
    assertThat(shared.path("detail").asText()).isEqualTo("FINISHED");
    assertThat(shared.path("strategy").asText()).isEqualTo("STRICT_SPREAD");
    assertThat(shared.path("stats").path("attempts").asInt()).isPositive();
    JsonNode bundle = shared.path("bundles").path(1);
    assertThat(bundle.path("resources").path("GPU").asDouble()).isEqualTo(0.5);
    assertThat(cluster.addresses()).contains(bundle.path("address").asText());
    assertThat(bundle.path("devices").path(0).path("index").asInt()).isZero();
    assertThat(groups.path("data").path(1).path("state").asText()).isEqualTo("PENDING");
  }

  @Test
  void group_byName_isTheSameAsInTheList() throws Exception {
    assertThat(get("groups/shared")).isEqualTo(get("groups").path("data").path(0));
  }

  @Test
  void explain_waitingGroup_namesBundlesNodesReasonsAndRemedies() throws Exception {
    JsonNode explanation = get("groups/large/explain");

    assertThat(explanation.path("waits").asBoolean()).isTrue();
    assertThat(explanation.path("detail").asText()).isEqualTo("INFEASIBLE");
    JsonNode obstacle = explanation.path("obstacles").path(0);
    assertThat(obstacle.path("bundles").path(0).asInt()).isZero();
    assertThat(obstacle.path("nodes")).hasSize(2);
    assertThat(obstacle.path("reason").asText()).contains("needs GPU 8");
    assertThat(explanation.path("remedies").findValuesAsText("kind")).contains("add_nodes");
    assertThat(get("groups/shared/explain").path("waits").asBoolean()).isFalse();
  }

  @Test
  void nodes_showWhatIsFreeAndWhoHoldsWhichDevice() throws Exception {
    JsonNode nodes = get("nodes").path("data");

    assertThat(nodes.findValuesAsText("address"))
        .containsExactlyInAnyOrderElementsOf(cluster.addresses());
    JsonNode node = nodes.path(0);
    assertThat(node.path("total").path("GPU").asInt()).isEqualTo(2);
    assertThat(node.path("free").path("GPU").asDouble()).isEqualTo(1.5);
    assertThat(node.path("labels").path("accelerator-type").asText()).isEqualTo("L4");
    JsonNode held = node.path("devices").path(0).path("held_by").path(0);
    assertThat(held.path("group").asText()).isEqualTo("shared");
    assertThat(held.path("share").asDouble()).isEqualTo(0.5);
    assertThat(node.path("devices").path(1).path("free").asInt()).isEqualTo(1);
  }

  @Test
  void textPlain_givesTables() throws Exception {
    HttpResponse<String> response = send(request("nodes").header("Accept", "text/plain"));

    assertThat(response.body()).contains("NODE", "HELD BY", "shared bundle 0 (0.5)");
  }

  @Test
  void plan_onTheLiveCluster_placesOrExplains() throws Exception {
    JsonNode fits = JSON.readTree(plan("{\"bundles\": [{\"GPU\": 1}, {\"GPU\": 1}]}").body());
    assertThat(fits.path("fits").asBoolean()).isTrue();
    assertThat(fits.path("groups").path(0).path("bundles")).hasSize(2);

    JsonNode waits = JSON.readTree(plan("{\"bundles\": [{\"GPU\": 2}]}").body());
    assertThat(waits.path("fits").asBoolean()).isFalse();
    assertThat(waits.path("groups").path(0).path("result").asText()).isEqualTo("NO_RESOURCES");
    assertThat(waits.path("groups").path(0).path("explanation").path("obstacles")).isNotEmpty();
  }

  @Test
  void plan_withNodesAddedRemovedAndDrained_seesThatCluster() throws Exception {
    String node = cluster.addresses().get(0);
    String other = cluster.addresses().get(1);
    String change =
        "{\"bundles\": [{\"GPU\": 8}], \"add_nodes\": [{\"gpus\": 8, \"cpus\": 64}],"
            + " \"remove_nodes\": [\"%s\"], \"drain_nodes\": [\"%s\"]}";

    JsonNode added = JSON.readTree(plan(change.formatted(node, other)).body());
    assertThat(added.path("groups").path(0).path("bundles").path(0).path("address").asText())
        .isEqualTo("added-1");

    String drained = "{\"bundles\": [{\"GPU\": 1}], \"drain_nodes\": [\"%s\", \"%s\"]}";
    JsonNode none = JSON.readTree(plan(drained.formatted(node, other)).body());
    assertThat(none.path("fits").asBoolean()).isFalse();
  }

  @Test
  void plan_severalGroups_takeFromEachOther() throws Exception {
    String body =
        "{\"groups\": [{\"llm_config\": {\"model_loading_config\": {\"model_id\": \"a\"},"
            + " \"engine_kwargs\": {\"tensor_parallel_size\": 2}}},"
            + " {\"name\": \"b\", \"bundles\": [{\"GPU\": 1}], \"count\": 3}]}";

    JsonNode plan = JSON.readTree(plan(body).body());

    assertThat(plan.path("groups").findValuesAsText("result"))
        .containsExactly("PLANNED", "NO_RESOURCES");
    assertThat(plan.path("groups").path(1).path("further").asInt()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}                                                  | bundles",
        "{'bundles': []}                                     | bundles",
        "{'bundles': [{}]}                                   | bundles[0]",
        "{'bundles': [{'GPU': 1}, {'GPU': 0, 'CPU': 0}]}     | bundles[1]",
        "{'bundles': [{'GPU': -1}]}                          | bundles[0]",
        "{'bundles': [{'GPU': 1.5}]}                         | bundles[0]",
        "{'bundles': [{'GPU': 1e300}]}                       | bundles[0]",
        "{'bundles': [{'GPU': 'NaN'}]}                       | bundles[0].GPU",
        "{'bundles': [{'GPU': 1}], 'strategy': 'PAK'}        | strategy",
        "{'bundles': [{'GPU': 1}], 'bundel': 1}              | bundel",
        "{'bundles': [{'GPU': 1}], 'keep_together': 0}       | keep_together",
        "{'bundles': [{'GPU': 1}], 'bundle_label_selector': []} | bundle_label_selector",
        "{'bundles': [{'GPU': 1}], 'remove_nodes': ['x:1']}  | remove_nodes",
        "{'bundles': [{'GPU': 1}], 'drain_nodes': ['x:1']}   | drain_nodes",
        "{'bundles': [{'GPU': 1}], 'add_nodes': [{'gpus': -1}]} | add_nodes[0].gpus",
        "{'bundles': [{'GPU': 1}], 'add_nodes': [{'cpus': -1}]} | add_nodes[0].cpus",
        "{'groups': []}                                      | groups",
        "{'groups': [{'bundles': [{'GPU': 1}], 'count': 1001}]} | groups",
        "{'llm_config': {'engine_kwargs': {}}}               | llm_config",
      })
  void plan_wrongBody_namesTheField(String body, String param) throws Exception {
    HttpResponse<String> response = plan(body.replace("'", "\""));

    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    JsonNode error = JSON.readTree(response.body()).path("error");
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(error.path("param").asText()).as(response.body()).isEqualTo(param);
  }

  @Test
  void plan_notANumber_isNoJson() throws Exception {
    HttpResponse<String> response = plan("{\"bundles\": [{\"GPU\": NaN}]}");

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("is not valid JSON");
  }

  @ParameterizedTest
  @ValueSource(strings = {"groups/nothing", "groups/nothing/explain"})
  void unknownGroup_isNotFound(String path) throws Exception {
    HttpResponse<String> response = send(request(path));

    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.body()).contains("There is no placement group [nothing]");
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, 200",
    "127.0.0.1:8000, 200",
    "[::1]:8000, 200",
    "rebound.example, 403",
    "localhost.example, 403"
  })
  void host_otherThanThisMachinesNames_isRefused(String host, int status) throws Exception {
    String request =
        "GET /admin/placement/groups HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), cluster.port())) {
      socket.setSoTimeout(20_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(answer).startsWith("HTTP/1.1 " + status);
    }
  }

  @Test
  void removedGroup_holdsNoDeviceAnyMore() throws Exception {
    PlacementGroupSpec spec =
        new PlacementGroupSpec("brief", "", List.of(Bundle.ofGpus(0.25)), PlacementStrategy.PACK);
    PlacementGroup brief = cluster.groups().create(spec);
    assertThat(brief.await(Duration.ofSeconds(30))).isTrue();
    assertThat(get("nodes").findValuesAsText("group")).contains("brief");

    brief.remove().toCompletableFuture().join();

    assertThat(get("nodes").findValuesAsText("group")).containsOnly("shared");
  }

  @Test
  void plan_reservesNothing() throws Exception {
    PlacementGroups groups = cluster.groups();
    plan("{\"bundles\": [{\"GPU\": 1}]}");

    assertThat(groups.nodes().toCompletableFuture().join())
        .allSatisfy(node -> assertThat(node.freeOfDevice()).containsExactly(5000L, 10_000L));
  }
}
