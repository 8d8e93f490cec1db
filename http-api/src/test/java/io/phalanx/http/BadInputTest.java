package io.phalanx.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

  private static String chat(String fields) {
    return "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]" + fields + "}";
  }

  private static void assertRefused(HttpResponse<String> response, int status, String param)
      throws IOException {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = TestServer.json(response).path("error");
    assertThat(error.path("message").asText()).isNotEmpty();
    assertThat(error.path("type").asText()).isEqualTo("invalid_request_error");
    assertThat(error.path("param").asText()).isEqualTo(param);
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

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"model\":\"m\",\"prompt\":\"x\"} tail",
        "{\"model\":\"m\",\"model\":\"m\",\"prompt\":\"x\"}",
        "{\"model\":\"m\",\"prompt\":\"x\",\"temperature\":NaN}",
        "{\"model\":\"m\",\"prompt\":\"x\",\"temperature\":Infinity}",
        "{'model':'m'}",
        "{\"model\":\"m\",\"prompt\":\"x\",}",
        "{\"model\":\"m\",\"prompt\":\"\u0001\"}"
      })
  void completion_notStrictJson_is400(String body) throws Exception {
    assertRefused(server.post("/v1/completions", body), 400, "null");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "prompt             | ,\"prompt\":null",
        "prompt             | ,\"prompt\":\"\"",
        "prompt             | ,\"prompt\":[]",
        "prompt             | ,\"prompt\":[[]]",
        "prompt             | ,\"prompt\":{}",
        "prompt             | ,\"prompt\":[-1]",
        "prompt             | ,\"prompt\":[65536]",
        "prompt             | ,\"prompt\":[99999999999]",
        "prompt             | ,\"prompt\":[1.5]",
        "prompt             | ,\"prompt\":[1,\"x\"]",
        "prompt             | ,\"prompt\":\"\\ud800\"",
        "temperature        | ,\"temperature\":-1",
        "temperature        | ,\"temperature\":3",
        "temperature        | ,\"temperature\":\"x\"",
        "temperature        | ,\"temperature\":1e999",
        "top_p              | ,\"top_p\":0",
        "top_p              | ,\"top_p\":2",
        "top_k              | ,\"top_k\":-2",
        "min_p              | ,\"min_p\":1.5",
        "seed               | ,\"seed\":99999999999999999999",
        "max_tokens         | ,\"max_tokens\":0",
        "max_tokens         | ,\"max_tokens\":-1",
        "max_tokens         | ,\"max_tokens\":9223372036854775808",
        "max_tokens         | ,\"max_tokens\":1000",
        "n                  | ,\"n\":0",
        "n                  | ,\"n\":1000000000",
        "best_of            | ,\"best_of\":5",
        "logprobs           | ,\"logprobs\":1000000",
        "presence_penalty   | ,\"presence_penalty\":3",
        "frequency_penalty  | ,\"frequency_penalty\":0.5",
        "logit_bias         | ,\"logit_bias\":{\"5\":1}",
        "echo               | ,\"echo\":true",
        "stop               | ,\"stop\":[\"\"]",
        "stop               | ,\"stop\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]",
        "stop               | ,\"stop\":7",
        "stop_token_ids     | ,\"stop_token_ids\":[-5]",
        "stop_token_ids     | ,\"stop_token_ids\":[65536]",
        "ignore_eos         | ,\"ignore_eos\":\"yes\"",
        "cache_salt         | ,\"cache_salt\":\"\"",
        "cache_salt         | ,\"cache_salt\":5",
        "stream             | ,\"stream\":1",
        "stream_options     | ,\"stream_options\":{\"include_usage\":true}",
        "stream_options.include_usage | ,\"stream\":true,\"stream_options\":{\"include_usage\":1}",
        "prompt_embeds      | ,\"prompt_embeds\":\"AAAA\"",
        "structured_outputs | ,\"structured_outputs\":{\"regex\":\"(a+)+b\"}",
        "model              | ,\"model\":5"
      })
  void completion_wrongField_is400WithItsName(String param, String fields) throws Exception {
    String name = fields.substring(2, fields.indexOf('"', 2));
    String body = completion(fields);
    if (name.equals("prompt") || name.equals("model")) {
      body = "{\"prompt\":\"x\"" + fields + "}";
      body = name.equals("prompt") ? "{\"model\":\"m\"" + fields + "}" : body;
    }
    assertRefused(server.post("/v1/completions", body), 400, param);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "messages                 | {\"model\":\"m\"}",
        "messages                 | {\"model\":\"m\",\"messages\":[]}",
        "messages                 | {\"model\":\"m\",\"messages\":\"x\"}",
        "messages[0]              | {\"model\":\"m\",\"messages\":[5]}",
        "messages[0].role         | {\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}",
        "messages[0].role         | {\"messages\":[{\"content\":\"x\"}]}",
        "messages[0].content      | {\"messages\":[{\"role\":\"user\",\"content\":null}]}",
        "messages[0].content      | {\"messages\":[{\"role\":\"user\",\"content\":5}]}",
        "messages[0].content[0].type | {\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":"
            + "\"image_url\",\"image_url\":{\"url\":\"http://127.0.0.1:1/\"}}]}]}",
        "messages[0].tool_calls   | {\"messages\":[{\"role\":\"assistant\",\"content\":\"x\","
            + "\"tool_calls\":[{}]}]}"
      })
  void chat_wrongMessages_are400WithTheirPath(String param, String body) throws Exception {
    assertRefused(server.post("/v1/chat/completions", body), 400, param);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tools                | ,\"tools\":[{\"type\":\"function\"}]",
        "response_format      | ,\"response_format\":{\"type\":\"json_object\"}",
        "logprobs             | ,\"logprobs\":true",
        "chat_template        | ,\"chat_template\":\"{{ 7*7 }}\"",
        "chat_template_kwargs | ,\"chat_template_kwargs\":{\"messages\":\"x\"}",
        "chat_template_kwargs.a | ,\"chat_template_kwargs\":{\"a\":{\"b\":1}}"
      })
  void chat_unsupportedField_is400WithItsName(String param, String fields) throws Exception {
    assertRefused(server.post("/v1/chat/completions", chat(fields)), 400, param);
  }

  @Test
  void chat_neutralAndHarmlessFields_areTaken() throws Exception {
    String fields =
        ",\"tools\":[],\"logprobs\":false,\"presence_penalty\":0,\"response_format\":"
            + "{\"type\":\"text\"},\"user\":\"u\",\"metadata\":{\"a\":1},\"store\":true,"
            + "\"parallel_tool_calls\":true,\"chat_template_kwargs\":{\"enable_thinking\":false},"
            + "\"stop\":null,\"max_tokens\":1";

    assertThat(server.post("/v1/chat/completions", chat(fields)).statusCode()).isEqualTo(200);
  }

  @Test
  void completion_deepOrLongJson_is400AtOnce() throws Exception {
    String deep = completion(",\"x\":" + "[".repeat(40_000));
    String digits = completion(",\"seed\":" + "9".repeat(90_000));

    assertRefused(server.post("/v1/completions", deep), 400, "null");
    assertRefused(server.post("/v1/completions", digits), 400, "null");
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
