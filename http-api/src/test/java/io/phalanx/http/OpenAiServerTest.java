package io.phalanx.http;

import static io.phalanx.http.OpenAiBodies.chat;
import static io.phalanx.http.OpenAiBodies.completion;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The other routes over real connections, and what every request is checked for. */
final class OpenAiServerTest {
  private static final FakeModel counting = FakeModel.counting("org/counting");
  private static final TestServer server = TestServer.start(FakeModels.of(counting));

  @AfterAll
  static void shutDown() {
    server.close();
  }

  @Test
  void models_listAndCard_haveOpenAiShape() throws Exception {
    JsonNode list = TestServer.json(server.get("/v1/models"));
    JsonNode card = TestServer.json(server.get("/v1/models/org/counting"));

    assertThat(list.path("object").asText()).isEqualTo("list");
    assertThat(list.path("data")).hasSize(1);
    assertThat(card.path("id").asText()).isEqualTo("org/counting");
    assertThat(card.path("object").asText()).isEqualTo("model");
    assertThat(card.path("max_model_len").asInt()).isEqualTo(FakeModel.MAX_MODEL_LENGTH);
  }

  @Test
  void models_unknownOrOddIds_are404() throws Exception {
    for (String id : List.of("nobody", "../../etc/passwd", "%2e%2e%2fx", "a%00b", "")) {
      HttpResponse<String> response = server.get("/v1/models/" + id);
      assertThat(response.statusCode()).as(id).isEqualTo(404);
      assertThat(TestServer.json(response).path("error").path("message").asText()).isNotEmpty();
    }
  }

  @Test
  void health_whileAModelLoads_is503() throws Exception {
    assertThat(server.get("/health").statusCode()).isEqualTo(200);
    counting.ready = false;
    HttpResponse<String> loading = server.get("/health");
    counting.ready = true;

    assertThat(loading.statusCode()).isEqualTo(503);
    assertThat(TestServer.json(loading).path("status").asText()).isEqualTo("loading");
  }

  @Test
  void metrics_afterRequests_countThem() throws Exception {
    server.post("/v1/completions", completion("org/counting", ""));
    server.get("/odd-path-" + System.nanoTime());

    String text = server.get("/metrics").body();
    assertThat(text)
        .contains("handler=\"completions\"", "handler=\"other\"")
        .doesNotContain("odd-path");
  }

  @Test
  void routes_unknownPathOrMethod_areJsonErrors() throws Exception {
    HttpResponse<String> unknown = server.get("/v2/nothing");
    HttpResponse<String> method = server.get("/v1/chat/completions");
    HttpResponse<String> deleted =
        server.send(HttpRequest.newBuilder(server.uri("/v1/models")).DELETE());

    assertThat(unknown.statusCode()).isEqualTo(404);
    assertThat(TestServer.json(unknown).path("error").path("code").asText()).isEqualTo("not_found");
    assertThat(method.statusCode()).isEqualTo(405);
    assertThat(method.headers().firstValue("allow")).contains("POST");
    assertThat(TestServer.json(method).path("error").path("code").asText())
        .isEqualTo("method_not_allowed");
    assertThat(deleted.headers().firstValue("allow")).contains("GET");
  }

  @Test
  void chat_otherContentType_is415() throws Exception {
    HttpResponse<String> response =
        server.send(
            HttpRequest.newBuilder(server.uri("/v1/chat/completions"))
                .header("Content-Type", "text/plain")
                .POST(HttpRequest.BodyPublishers.ofString(chat(""))));

    assertThat(response.statusCode()).isEqualTo(415);
    assertThat(TestServer.json(response).path("error").path("message").asText())
        .contains("application/json");
  }

  @Test
  void chat_unknownModel_is404WithParam() throws Exception {
    HttpResponse<String> response =
        server.post(
            "/v1/chat/completions",
            "{\"model\":\"nobody\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");

    assertThat(response.statusCode()).isEqualTo(404);
    JsonNode error = TestServer.json(response).path("error");
    assertThat(error.path("code").asText()).isEqualTo("model_not_found");
    assertThat(error.path("param").asText()).isEqualTo("model");
  }

  @Test
  void completion_promptBeyondTheContext_is400() throws Exception {
    String body =
        "{\"model\":\"org/counting\",\"prompt\":\"" + "x".repeat(1000) + "\",\"max_tokens\":1}";

    JsonNode error = TestServer.json(server.post("/v1/completions", body)).path("error");

    assertThat(error.path("code").asText()).isEqualTo("context_length_exceeded");
    assertThat(error.path("param").asText()).isEqualTo("prompt");
  }

  @Test
  void requests_manyOnOneConnection_startNoThreads() throws Exception {
    int requests = 500;
    server.get("/health");
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long before = threads.getTotalStartedThreadCount();

    for (int i = 0; i < requests; i++) {
      assertThat(server.get("/health").statusCode()).isEqualTo(200);
    }

    assertThat(threads.getTotalStartedThreadCount() - before).isLessThan(requests / 2);
  }
}
