package io.phalanx.http;

import static io.phalanx.http.OpenAiBodies.chat;
import static io.phalanx.http.OpenAiBodies.completion;
import static io.phalanx.http.OpenAiBodies.events;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.runtime.error.ErrorCode;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/**
 * Completions over real connections, with fake models behind them: what is answered, streamed,
 * failed.
 */
final class CompletionsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final FakeModel counting = FakeModel.counting("org/counting");
  private static final FakeModel broken = FakeModel.failing("broken", 0, ErrorCode.OVERLOADED);
  private static final TestServer server =
      TestServer.start(
          FakeModels.of(
              counting,
              broken,
              FakeModel.failing("fragile", 2, ErrorCode.REPLICA_FAILED),
              FakeModel.truncating("truncating")));

  @AfterAll
  static void shutDown() {
    server.close();
  }

  @Test
  void chat_notStreamed_hasOpenAiShape() throws Exception {
    HttpResponse<String> response = server.post("/v1/chat/completions", chat(",\"max_tokens\":3"));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("content-type")).contains("application/json");
    JsonNode body = TestServer.json(response);
    assertThat(body.path("id").asText()).startsWith("chatcmpl-");
    assertThat(body.path("object").asText()).isEqualTo("chat.completion");
    assertThat(body.path("created").asLong()).isPositive();
    assertThat(body.path("model").asText()).isEqualTo("org/counting");
    JsonNode choice = body.path("choices").path(0);
    assertThat(choice.path("index").asInt()).isZero();
    assertThat(choice.path("message").path("role").asText()).isEqualTo("assistant");
    assertThat(choice.path("message").path("content").asText()).isEqualTo("w0 w1 w2 ");
    assertThat(choice.path("finish_reason").asText()).isEqualTo("length");
    assertThat(body.path("usage").path("prompt_tokens").asInt()).isEqualTo("user:Hi\n".length());
    assertThat(body.path("usage").path("completion_tokens").asInt()).isEqualTo(3);
    assertThat(body.path("usage").path("total_tokens").asInt()).isEqualTo("user:Hi\n".length() + 3);
  }

  @Test
  void chat_streamed_givesRoleTokensFinishUsageAndDone() throws Exception {
    HttpResponse<String> response =
        server.post(
            "/v1/chat/completions",
            chat(",\"max_tokens\":2,\"stream\":true,\"stream_options\":{\"include_usage\":true}"));

    assertThat(response.headers().firstValue("content-type").orElse(""))
        .startsWith("text/event-stream");
    List<String> events = events(response.body());
    assertThat(events).hasSize(5);
    JsonNode first = JSON.readTree(events.get(0));
    assertThat(first.path("object").asText()).isEqualTo("chat.completion.chunk");
    assertThat(first.path("choices").path(0).path("delta").toString())
        .isEqualTo("{\"role\":\"assistant\",\"content\":\"w0 \"}");
    assertThat(first.path("choices").path(0).path("finish_reason").isNull()).isTrue();
    assertThat(first.path("usage").isNull()).isTrue();
    assertThat(JSON.readTree(events.get(1)).path("choices").path(0).path("delta").toString())
        .isEqualTo("{\"content\":\"w1 \"}");
    JsonNode finish = JSON.readTree(events.get(2)).path("choices").path(0);
    assertThat(finish.path("delta").isEmpty()).isTrue();
    assertThat(finish.path("finish_reason").asText()).isEqualTo("length");
    JsonNode usage = JSON.readTree(events.get(3));
    assertThat(usage.path("choices").isEmpty()).isTrue();
    assertThat(usage.path("usage").path("completion_tokens").asInt()).isEqualTo(2);
    assertThat(events.get(4)).isEqualTo("[DONE]");
  }

  @Test
  void completion_streamed_givesOneEventPerTokenAndNoId() throws Exception {
    HttpResponse<String> response =
        server.post(
            "/v1/completions", completion("org/counting", ",\"max_tokens\":9,\"stream\":true"));

    List<String> events = events(response.body());
    assertThat(events).hasSize(9 + 2);
    assertThat(JSON.readTree(events.get(8)).path("choices").path(0).path("text").asText())
        .isEqualTo("w8 ");
    assertThat(response.body()).doesNotContain("\nid:");
  }

  @Test
  void completion_severalPromptsAndChoices_areAllAnswered() throws Exception {
    HttpResponse<String> response =
        server.post(
            "/v1/completions",
            "{\"model\":\"org/counting\",\"prompt\":[\"a\",[65,66]],\"n\":2,\"max_tokens\":2}");

    JsonNode body = TestServer.json(response);
    assertThat(body.path("choices")).hasSize(4);
    assertThat(body.path("choices").path(3).path("index").asInt()).isEqualTo(3);
    assertThat(body.path("choices").path(3).path("text").asText()).isEqualTo("w0 w1 ");
    JsonNode usage = body.path("usage");
    assertThat(usage.path("prompt_tokens").asInt()).isEqualTo(3);
    assertThat(usage.path("prompt_tokens_details").path("cached_tokens").asInt()).isEqualTo(1);
    assertThat(usage.path("completion_tokens").asInt()).isEqualTo(8);
  }

  @Test
  void completion_continuousUsage_isInEveryEvent() throws Exception {
    HttpResponse<String> response =
        server.post(
            "/v1/completions",
            completion(
                "org/counting",
                ",\"max_tokens\":2,\"stream\":true,\"stream_options\":"
                    + "{\"include_usage\":true,\"continuous_usage_stats\":true}"));

    List<String> events = events(response.body());
    assertThat(JSON.readTree(events.get(0)).path("usage").path("completion_tokens").asInt())
        .isEqualTo(1);
    assertThat(JSON.readTree(events.get(1)).path("usage").path("total_tokens").asInt())
        .isEqualTo(4);
  }

  @Test
  void completion_withoutSampling_takesTheModelsDefaults() throws Exception {
    counting.started.clear();
    server.post("/v1/completions", completion("org/counting", ",\"seed\":5,\"top_k\":3"));

    GenerationRequest request = counting.started.take();
    SamplingParams sampling = request.sampling();
    assertThat(sampling)
        .isEqualTo(new SamplingParams(16, 0.5f, 3, 0.9f, 0.1f, 5, List.of(), List.of(), false));
  }

  @Test
  void completion_withoutSeed_takesTheModelsNext() throws Exception {
    counting.started.clear();
    server.post("/v1/completions", completion("org/counting", ""));

    assertThat(counting.started.take().sampling().seed()).isEqualTo(FakeModel.SEED);
  }

  @Test
  void completion_failureBeforeTheFirstToken_isAnHttpStatus() throws Exception {
    HttpResponse<String> response =
        server.post("/v1/completions", completion("broken", ",\"stream\":true"));

    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(response.headers().firstValue("retry-after")).contains("1");
    assertThat(TestServer.json(response).path("error").path("type").asText())
        .isEqualTo("rate_limit_error");
  }

  @Test
  void completion_failureInMidStream_isAnEventAndNoDone() throws Exception {
    HttpResponse<String> response =
        server.post("/v1/completions", completion("fragile", ",\"stream\":true"));

    assertThat(response.statusCode()).isEqualTo(200);
    List<String> events = events(response.body());
    assertThat(events).hasSize(3);
    assertThat(JSON.readTree(events.get(2)).path("error").path("code").asText())
        .isEqualTo("replica_failed");
  }

  @Test
  void completion_streamThatJustEnds_isAnError() throws Exception {
    HttpResponse<String> streamed =
        server.post("/v1/completions", completion("truncating", ",\"stream\":true"));
    HttpResponse<String> whole = server.post("/v1/completions", completion("truncating", ""));

    assertThat(streamed.body()).contains("\"error\"").doesNotContain("[DONE]");
    assertThat(whole.statusCode()).isEqualTo(503);
  }

  @Test
  void stream_itsFirstToken_isTimedOnce() throws Exception {
    counting.firstEvents.clear();
    server.post("/v1/completions", completion("org/counting", ",\"max_tokens\":2,\"stream\":true"));

    assertThat(counting.firstEvents)
        .singleElement()
        .satisfies(time -> assertThat(time).isPositive());
  }

  @Test
  void stream_thatFailsBeforeItsFirstToken_isNotTimed() throws Exception {
    server.post("/v1/completions", completion("broken", ",\"stream\":true"));

    assertThat(broken.firstEvents).isEmpty();
  }
}
