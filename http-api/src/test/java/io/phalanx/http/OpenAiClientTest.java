package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.InternalServerException;
import com.openai.errors.OpenAIServiceException;
import com.openai.errors.RateLimitException;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import io.phalanx.runtime.error.ErrorCode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** OpenAI's Java client against fake models, failing ones among them. */
final class OpenAiClientTest extends OpenAiClientContract {
  private static final TestServer server =
      TestServer.start(
          FakeModels.of(
              FakeModel.counting("counting"),
              FakeModel.failing("overloaded", 0, ErrorCode.OVERLOADED),
              FakeModel.failing("dead", 0, ErrorCode.REPLICA_FAILED),
              FakeModel.failing("fragile", 2, ErrorCode.REPLICA_FAILED)));

  @AfterAll
  static void shutDown() {
    server.close();
  }

  @Override
  String baseUrl() {
    return server.baseUrl();
  }

  private static ChatCompletionCreateParams chat(String model) {
    return ChatCompletionCreateParams.builder().model(model).addUserMessage("Hi").build();
  }

  private OpenAIClient client() {
    return OpenAIOkHttpClient.builder()
        .baseUrl(baseUrl() + "/v1")
        .apiKey("unused")
        .maxRetries(0)
        .build();
  }

  @Test
  void chat_modelThatFails_raisesTheClientsOwnExceptions() {
    OpenAIClient client = client();

    assertThat(
            catchThrowableOfType(
                    RateLimitException.class,
                    () -> client.chat().completions().create(chat("overloaded")))
                .code())
        .contains("overloaded");
    assertThat(
            catchThrowableOfType(
                    InternalServerException.class,
                    () -> client.chat().completions().create(chat("dead")))
                .statusCode())
        .isEqualTo(503);
    client.close();
  }

  @Test
  void chat_failureInMidStream_raisesAnException() {
    OpenAIClient client = client();

    OpenAIServiceException failure =
        catchThrowableOfType(
            OpenAIServiceException.class,
            () -> {
              try (StreamResponse<ChatCompletionChunk> stream =
                  client.chat().completions().createStreaming(chat("fragile"))) {
                stream.stream().forEach(ChatCompletionChunk::validate);
              }
            });

    assertThat(failure.code()).contains("replica_failed");
    client.close();
  }
}
