package io.phalanx.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes that are no proper request: each gets an OpenAI error, and the server goes on. */
final class BadInputTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_BODY = 100_000;
  private static final TestServer server =
      TestServer.start(
          FakeModels.of(FakeModel.counting("m")),
          """
          phalanx.http.max-body = 100000 B
          phalanx.http.body-timeout = 1 s
          phalanx.http.keep-alive-timeout = 2 s
          """);

  @AfterAll
  static void shutDown() {
    server.close();
  }

  private static String completion(String fields) {
    return "{\"model\":\"m\",\"prompt\":\"x\"" + fields + "}";
  }

  /** Sends raw bytes and returns all that comes back until the server closes. */
  private static String exchange(byte[] request) throws IOException {
    try (Socket socket = server.connect()) {
      OutputStream out = socket.getOutputStream();
      try {
        out.write(request);
        out.flush();
      } catch (IOException e) {
        assertThat(e).as("the server may close before it has read all").isNotNull();
      }
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private static String post(String headers, String body) throws IOException {
    return exchange(
        ("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + "Connection: close\r\n"
                + headers
                + "\r\n"
                + body)
            .getBytes(ISO_8859_1));
  }

  private static void assertError(String response, int status) throws IOException {
    assertThat(response).startsWith("HTTP/1.1 " + status);
    String body = response.substring(response.indexOf("\r\n\r\n") + 4);
    assertThat(JSON.readTree(body).path("error").path("message").asText()).isNotEmpty();
  }

  @Test
  void completion_invalidUtf8_is400() throws Exception {
    byte[] body = completion(",\"user\":\"\u00ff\"").getBytes(ISO_8859_1);
    String response = post("Content-Length: " + body.length + "\r\n", new String(body, ISO_8859_1));

    assertError(response, 400);
    assertThat(response).contains("UTF-8");
  }

  @Test
  void completion_bodyBeyondTheLimit_is413() throws Exception {
    assertError(post("Content-Length: 100000000\r\n", "{"), 413);
    String chunk = Integer.toHexString(MAX_BODY) + "\r\n" + " ".repeat(MAX_BODY) + "\r\n";
    assertError(post("Transfer-Encoding: chunked\r\n", chunk + chunk), 413);
  }

  @Test
  void completion_chunkedBody_isTaken() throws Exception {
    String body = completion(",\"max_tokens\":1");
    String half = body.substring(0, 10);
    String rest = body.substring(10);
    String chunks =
        Integer.toHexString(half.length())
            + "\r\n"
            + half
            + "\r\n"
            + Integer.toHexString(rest.length())
            + "\r\n"
            + rest
            + "\r\n0\r\n\r\n";

    assertThat(post("Transfer-Encoding: chunked\r\n", chunks)).startsWith("HTTP/1.1 200");
  }

  @ParameterizedTest
  @ValueSource(strings = {"zz\r\nx\r\n0\r\n\r\n", "-5\r\nx\r\n", "5\r\nhelloXX0\r\n\r\n"})
  void completion_garbageChunks_are400(String chunks) throws Exception {
    assertError(post("Transfer-Encoding: chunked\r\n", chunks), 400);
  }

  @Test
  void completion_bodyThatNeverComes_is408() throws Exception {
    assertError(post("Content-Length: 100\r\n", "{"), 408);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nonsense and no request at all\r\n\r\n",
        "GET / and no version\r\n\r\n",
        "GET /health HTTP/9.9\r\nHost: x\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nBad Header: y\r\n\r\n",
        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "GET /\u0001 HTTP/1.1\r\nHost: x\r\n\r\n"
      })
  void server_bytesThatAreNoRequest_getAnErrorAndAreClosed(String bytes) throws Exception {
    String response = exchange(bytes.getBytes(ISO_8859_1));

    assertThat(response).matches("(?s)HTTP/1.1 (400|501|505) .*\"error\".*");
  }

  @Test
  void server_tooManyOrTooLongHeaders_areRefused() throws Exception {
    String start = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    String many = start + "A: b\r\n".repeat(70) + "\r\n";
    String large = start + "A: " + "b".repeat(9000) + "\r\n\r\n";
    String nested = start + "User-Agent: " + "(".repeat(7000) + "\r\n\r\n";

    assertThat(exchange(many.getBytes(UTF_8))).matches("(?s)HTTP/1.1 (400|431) .*\"error\".*");
    assertThat(exchange(large.getBytes(UTF_8))).matches("(?s)HTTP/1.1 (400|431) .*\"error\".*");
    assertThat(exchange(nested.getBytes(UTF_8))).startsWith("HTTP/1.1 ");
  }

  @Test
  void server_headerThatNeverEnds_isClosedAtTheDeadline() throws Exception {
    assertThat(exchange("GET /health HTTP/1.1\r\nHo".getBytes(UTF_8))).isEmpty();
  }

  @Test
  void server_afterAllThat_stillAnswers() throws Exception {
    exchange("nonsense and no request\r\n\r\n".getBytes(UTF_8));

    assertThat(server.post("/v1/completions", completion("")).statusCode()).isEqualTo(200);
  }
}
