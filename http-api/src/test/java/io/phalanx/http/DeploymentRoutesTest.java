package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The operator's routes for deployments over real connections to a running cluster. */
@Timeout(120) // seconds; what is never listed would be waited for without end
final class DeploymentRoutesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final DeploymentCluster cluster = DeploymentCluster.start();
  private static final HttpClient client = HttpClient.newHttpClient();

  @AfterAll
  static void stop() {
    cluster.close();
  }

  private static HttpResponse<String> send(String method, String path, String body)
      throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(cluster.url() + "/admin/deployments" + path))
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body.replace("'", "\"")))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  private static JsonNode ok(String method, String path, String body) throws Exception {
    HttpResponse<String> response = send(method, path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  @Test
  void deployment_isCreatedShownScaledAndDeleted() throws Exception {
    JsonNode created =
        ok(
            "PUT",
            "/org%2Fm",
            "{'model_loading_config': {'model_id': 'org/m', 'model_source': 'embedded'},"
                + " 'deployment_config': {'autoscaling_config': {'max_replicas': 2}}}");
    assertThat(created.path("id").asText()).isEqualTo("org/m");
    assertThat(created.path("target_replicas").asInt()).isEqualTo(1);

    JsonNode scaled = ok("POST", "/org%2Fm/scale", "{'replicas': 2}");
    assertThat(scaled.path("target_replicas").asInt()).isEqualTo(2);

    JsonNode shown = ok("GET", "/org%2Fm", "");
    JsonNode config = shown.path("config");
    assertThat(config.at("/deployment-config/autoscaling-config/max-replicas").asInt())
        .isEqualTo(2);
    assertThat(shown.at("/replicas/0/backlog/unread").asInt()).isZero();
    assertThat(awaitListed("org/m").at("/config/model-loading-config/model-id").asText())
        .isEqualTo("org/m");

    JsonNode again = ok("PUT", "/org%2Fm", config.toString());
    assertThat(again.path("config")).isEqualTo(config);
    assertThat(again.path("target_replicas").asInt()).isEqualTo(2);

    JsonNode decisions = ok("GET", "/org%2Fm/decisions", "").path("data");
    JsonNode asked = decisions.path(0);
    assertThat(asked.path("reason").asText()).isEqualTo("asked_for");
    assertThat(asked.path("target").asInt()).isEqualTo(1);
    assertThat(asked.path("applied").asInt()).isEqualTo(2);

    assertThat(ok("DELETE", "/org%2Fm", "").path("deleted").asBoolean()).isTrue();
    assertThat(send("GET", "/org%2Fm", "").statusCode()).isEqualTo(404);
  }

  /** Nodes hear of a deployment a little later than it answers. */
  private static JsonNode awaitListed(String id) throws Exception {
    while (true) {
      for (JsonNode deployment : ok("GET", "", "").path("data")) {
        if (deployment.path("id").asText().equals(id)) {
          return deployment;
        }
      }
    }
  }

  @Test
  void textPlain_givesTables() throws Exception {
    cluster.deploy("tabled");
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(URI.create(cluster.url() + "/admin/deployments/tabled"))
                .header("Accept", "text/plain")
                .build(),
            HttpResponse.BodyHandlers.ofString());

    assertThat(response.body()).contains("MODEL", "BOUNDS", "1 .. 2", "REPLICA", "tabled-0-");
    cluster.delete("tabled");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'model-loading-config': {'model-id': 'm'}, 'engine-kwargs': {'tensor-paralel-size': 2}}"
            + " | did you mean [tensor-parallel-size]?",
        "{'model-loading-config': {'model-id': 'm'}, 'runtime_env': {}}"
            + " | replicas run in the JVM of their node",
        "{'model-loading-config': {'model-id': 'm'},"
            + " 'deployment-config': {'autoscaling-config': {'min-replicas': 3, 'max-replicas': 2}}}"
            + " | max-replicas is 2; it must be at least min-replicas, which is 3",
        "{'model-loading-config': {'model-id': 'other', 'model-source': 'embedded'}}"
            + " | model-id is [other], but the path names [m]",
        "{'model-loading-config': {'model-id': 'm', 'model-source': 'embedded'},"
            + " 'engine-kwargs': {'tensor-parallel-size': 7}} | 7",
        "{'model-loading-config': {'model-id': 'm', 'model-id': 'm'}} | is not valid JSON",
        "[] | is not a JSON object",
        "{} | model-loading-config: missing; it must be set"
      })
  void put_wrongBody_saysWhatIsWrongAndDeploysNothing(String body, String part) throws Exception {
    HttpResponse<String> response = send("PUT", "/m", body);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).at("/error/message").asText()).contains(part);
    assertThat(send("GET", "/m", "").statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'replicas': 3}    | max-replicas is 2",
        "{'replicas': -1}   | min-replicas is 1",
        "{'replicas': 1.5}  | replicas is 1.5; it must be a whole number",
        "{'replica': 2}     | did you mean replicas?",
        "{}                 | replicas is missing"
      })
  void scale_wrongBody_saysWhatIsWrong(String body, String part) throws Exception {
    cluster.deploy("bounded");

    HttpResponse<String> response = send("POST", "/bounded/scale", body);

    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).at("/error/message").asText()).contains(part);
    cluster.delete("bounded");
  }

  @ParameterizedTest
  @CsvSource({"GET, /nobody", "DELETE, /nobody", "GET, /nobody/decisions", "POST, /nobody/scale"})
  void unknownModel_isNotFound(String method, String path) throws Exception {
    HttpResponse<String> response = send(method, path, "{'replicas': 1}");

    assertThat(response.statusCode()).as(response.body()).isEqualTo(404);
    assertThat(response.body()).contains("No model [nobody] is deployed");
  }
}
