package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** JSON that is wrong or says what cannot be: each field is refused by its name. */
final class BadFieldsTest {
  private static final TestServer server = TestServer.start(FakeModels.of(FakeModel.counting("m")));

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
}
