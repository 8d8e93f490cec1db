package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.models.Model;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What OpenAI's own Java client may expect of an endpoint, whatever the model says: to be extended
 * by a test for each endpoint.
 */
abstract class OpenAiClientContract {
  private static final int TOKENS = 6;
  private static final List<Long> PROMPT_IDS = LongStream.range(300, 312).boxed().toList();

  private OpenAIClient client;
  private String model;

  /** Returns the endpoint's address, without {@code /v1}. */
  abstract String baseUrl();

  @BeforeEach
  void connect() {
    client =
        OpenAIOkHttpClient.builder()
            .baseUrl(baseUrl() + "/v1")
            .apiKey("unused")
            .maxRetries(0)
            .build();
    model = client.models().list().data().get(0).id();
  }

  @AfterEach
  void disconnect() {
    client.close();
  }

  private ChatCompletionCreateParams.Builder chat() {
    return ChatCompletionCreateParams.builder()
        .model(model)
        .addSystemMessage("You are brief.")
        .addUserMessage("What is a placement group?")
        .temperature(0.0)
        .maxCompletionTokens(TOKENS)
        .putAdditionalBodyProperty("ignore_eos", JsonValue.from(true));
  }

  private CompletionCreateParams.Builder completion() {
    return CompletionCreateParams.builder()
        .model(model)
        .promptOfArrayOfTokens(PROMPT_IDS)
        .temperature(0.0)
        .maxTokens(TOKENS)
        .putAdditionalBodyProperty("ignore_eos", JsonValue.from(true));
  }

  @Test
  void models_retrieve_givesTheListedCard() {
    Model card = client.models().retrieve(model);

    assertThat(card.validate().id()).isEqualTo(model);
    assertThat(card.created()).isPositive();
  }

  @Test
  void chat_notStreamed_isAValidAnswer() {
    ChatCompletion answer = client.chat().completions().create(chat().build());

    answer.validate();
    assertThat(answer.model()).isEqualTo(model);
    assertThat(answer.choices()).hasSize(1);
    assertThat(answer.choices().get(0).message().content().orElseThrow()).isNotEmpty();
    assertThat(answer.choices().get(0).finishReason())
        .isEqualTo(ChatCompletion.Choice.FinishReason.LENGTH);
    assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(TOKENS);
  }

  @Test
  void chat_streamed_saysWhatItSaysUnstreamed() {
    ChatCompletion whole = client.chat().completions().create(chat().build());
    ChatCompletionCreateParams params =
        chat()
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    List<ChatCompletionChunk> chunks;
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(params)) {
      chunks = stream.stream().toList();
    }

    chunks.forEach(ChatCompletionChunk::validate);
    String text =
        chunks.stream()
            .flatMap(chunk -> chunk.choices().stream())
            .flatMap(choice -> choice.delta().content().stream())
            .collect(Collectors.joining());
    assertThat(text).isEqualTo(whole.choices().get(0).message().content().orElseThrow());
    assertThat(chunks.get(0).choices().get(0).delta().role())
        .contains(ChatCompletionChunk.Choice.Delta.Role.ASSISTANT);
    ChatCompletionChunk last = chunks.get(chunks.size() - 1);
    assertThat(last.choices()).isEmpty();
    assertThat(last.usage().orElseThrow().completionTokens()).isEqualTo(TOKENS);
  }

  @Test
  void completion_ofTokenIds_isAValidAnswer() {
    Completion answer = client.completions().create(completion().build());

    answer.validate();
    assertThat(answer.choices()).hasSize(1);
    assertThat(answer.usage().orElseThrow().promptTokens()).isEqualTo(PROMPT_IDS.size());
    assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(TOKENS);
  }

  @Test
  void completion_streamed_saysWhatItSaysUnstreamed() {
    Completion whole = client.completions().create(completion().build());
    String text;
    try (StreamResponse<Completion> stream =
        client.completions().createStreaming(completion().build())) {
      text =
          stream.stream()
              .flatMap(chunk -> chunk.choices().stream())
              .map(choice -> choice.text())
              .collect(Collectors.joining());
    }

    assertThat(text).isEqualTo(whole.choices().get(0).text());
  }

  @Test
  void chat_unknownModel_raisesNotFound() {
    ChatCompletionCreateParams params = chat().model("nobody").build();

    NotFoundException failure =
        catchThrowableOfType(
            NotFoundException.class, () -> client.chat().completions().create(params));

    assertThat(failure.code()).contains("model_not_found");
    assertThat(failure.param()).contains("model");
  }

  @Test
  void chat_temperatureOutOfRange_raisesBadRequestInBothModes() {
    ChatCompletionCreateParams params = chat().temperature(3.0).build();

    BadRequestException whole =
        catchThrowableOfType(
            BadRequestException.class, () -> client.chat().completions().create(params));
    BadRequestException streamed =
        catchThrowableOfType(
            BadRequestException.class,
            () -> {
              try (StreamResponse<ChatCompletionChunk> stream =
                  client.chat().completions().createStreaming(params)) {
                stream.stream().forEach(ChatCompletionChunk::validate);
              }
            });

    assertThat(whole.param()).contains("temperature");
    assertThat(whole.type()).contains("invalid_request_error");
    assertThat(streamed.param()).contains("temperature");
  }
}
