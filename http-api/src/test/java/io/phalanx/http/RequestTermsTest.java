package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.RequestTerms;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What headers and body say about how a request wants to be served. */
final class RequestTermsTest {
  private static final FakeModel model = FakeModel.counting("m");
  private static final FakeModel full =
      FakeModel.refusing(
          "full",
          ServingException.retryLater(ErrorCode.OVERLOADED, "full", Duration.ofMillis(6_200)));
  private static final TestServer server = TestServer.start(FakeModels.of(model, full));

  @AfterAll
  static void shutDown() {
    server.close();
  }

  @Test
  void completion_withoutAny_hasTheUsualTerms() throws Exception {
    assertThat(terms("", "x-other", "1")).isEqualTo(RequestTerms.DEFAULT);
  }

  @Test
  void completion_withPriority_hasIt() throws Exception {
    assertThat(terms(",\"priority\":-3", "x-other", "1")).isEqualTo(RequestTerms.ofPriority(-3));
  }

  @Test
  void completion_withSessionHeader_belongsToTheSession() throws Exception {
    assertThat(terms("", "X-Session-Id", "alice").sessionId()).contains("alice");
  }

  @Test
  void completion_withTimeoutHeader_hasWhatIsLeftOfIt() throws Exception {
    Optional<Duration> timeout = terms("", "X-Request-Timeout", "2.5").timeout();

    assertThat(timeout.orElseThrow()).isPositive().isLessThanOrEqualTo(Duration.ofMillis(2500));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "soon", "NaN", "1e9", "Infinity"})
  void completion_withWrongTimeout_isRefusedByName(String value) throws Exception {
    HttpResponse<String> response = post("", "x-request-timeout", value);

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(TestServer.json(response).path("error").path("param").asText())
        .isEqualTo("x-request-timeout");
  }

  @Test
  void completion_withTimeoutThatIsOver_isATimeout() throws Exception {
    HttpResponse<String> response = post("", "x-request-timeout", "0.000000001");

    assertThat(response.statusCode()).isEqualTo(408);
    assertThat(TestServer.json(response).path("error").path("code").asText()).isEqualTo("timeout");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void completion_refusedWithATimeToComeBack_saysItInWholeSeconds(boolean stream) throws Exception {
    HttpResponse<String> response =
        server.post(
            "/v1/completions", "{\"model\":\"full\",\"prompt\":\"Hi\",\"stream\":" + stream + "}");

    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(response.headers().firstValue("retry-after")).contains("7");
    assertThat(TestServer.json(response).path("error").path("type").asText())
        .isEqualTo("rate_limit_error");
  }

  private static RequestTerms terms(String fields, String header, String value) throws Exception {
    assertThat(post(fields, header, value).statusCode()).isEqualTo(200);
    return Objects.requireNonNull(model.started.poll(10, TimeUnit.SECONDS)).terms();
  }

  private static HttpResponse<String> post(String fields, String header, String value)
      throws Exception {
    String body = "{\"model\":\"m\",\"prompt\":\"Hi\"" + fields + "}";
    return server.send(
        HttpRequest.newBuilder(server.uri("/v1/completions"))
            .header("Content-Type", "application/json")
            .header(header, value)
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }
}
