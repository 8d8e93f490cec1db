package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.http.model.GenerationOptions;
import io.phalanx.http.model.GenerationOptions.Streaming;
import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.pekko.util.ByteString;
import org.apache.pekko.util.ByteStringBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The bytes of server-sent events. */
final class SseAnswerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static SseAnswer answer(AnswerKind kind, int choices, Streaming streaming) {
    GenerationOptions options =
        new GenerationOptions(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            List.of(),
            List.of(),
            false,
            Optional.empty(),
            0,
            1,
            Optional.of(streaming));
    GenerationRequest request = new GenerationRequest("r", new int[] {1}, SamplingParams.greedy(1));
    List<GenerationRequest> requests = Collections.nCopies(choices, request);
    FakeModel model = FakeModel.counting("a \"quoted\" name");
    return new SseAnswer(
        new GenerationPlan(kind, "id-1", 17, model, requests, 5, options), streaming);
  }

  private static ByteString written(Consumer<ByteStringBuilder> writer) {
    ByteStringBuilder bytes = new ByteStringBuilder();
    writer.accept(bytes);
    return bytes.result();
  }

  private static ByteString write(SseAnswer answer, ChoiceEvent event) {
    return written(bytes -> answer.onEvent(event, bytes));
  }

  private static ByteString failure(Throwable failure) {
    return written(bytes -> SseAnswer.onFailure(failure, bytes));
  }

  private static ChoiceEvent event(int choice, int position, String text) {
    return event(choice, position, text, null);
  }

  private static ChoiceEvent event(
      int choice, int position, String text, @Nullable FinishReason reason) {
    return new ChoiceEvent(choice, new TokenEvent("r", position, 9, text, reason, 4));
  }

  private static JsonNode data(String frame) throws Exception {
    assertThat(frame).startsWith("data: {");
    return JSON.readTree(frame.substring("data: ".length()));
  }

  private static String[] frames(ByteString bytes) {
    String text = bytes.utf8String();
    assertThat(text).endsWith("\n\n");
    return text.split("\n\n", 0);
  }

  @Test
  void onEvent_oddText_staysWhatItIs() throws Exception {
    String odd = "\" \\ \n\r\t\u0000\u2028 </script> \uD83D\uDE00 data: x";
    SseAnswer answer = answer(AnswerKind.COMPLETION, 1, new Streaming(false, false));

    JsonNode chunk = data(frames(write(answer, event(0, 0, odd)))[0]);

    assertThat(chunk.path("choices").path(0).path("text").asText()).isEqualTo(odd);
    assertThat(chunk.path("model").asText()).isEqualTo("a \"quoted\" name");
    assertThat(chunk.path("created").asLong()).isEqualTo(17);
    assertThat(chunk.has("usage")).isFalse();
  }

  @Test
  void onEvent_emptyText_isAnEventToo() throws Exception {
    SseAnswer answer = answer(AnswerKind.CHAT, 1, new Streaming(false, false));

    write(answer, event(0, 0, ""));
    String[] frames = frames(write(answer, event(0, 1, "")));

    assertThat(frames).hasSize(1);
    assertThat(data(frames[0]).path("choices").path(0).path("finish_reason").isNull()).isTrue();
  }

  @Test
  void onEvent_lastOneWithText_isATokenAndAFinish() throws Exception {
    SseAnswer answer = answer(AnswerKind.CHAT, 1, new Streaming(false, false));

    String[] frames = frames(write(answer, event(0, 0, "x", FinishReason.STOP)));

    assertThat(frames).hasSize(2);
    assertThat(data(frames[0]).path("choices").path(0).path("delta").path("role").asText())
        .isEqualTo("assistant");
    assertThat(data(frames[1]).path("choices").path(0).path("finish_reason").asText())
        .isEqualTo("stop");
  }

  @Test
  void onEvent_secondChoice_hasItsOwnRoleAndIndex() throws Exception {
    SseAnswer answer = answer(AnswerKind.CHAT, 2, new Streaming(true, true));

    write(answer, event(0, 0, "x"));
    JsonNode chunk = data(frames(write(answer, event(1, 2, "y")))[0]);

    assertThat(chunk.path("choices").path(0).path("index").asInt()).isEqualTo(1);
    assertThat(chunk.path("choices").path(0).path("delta").path("role").asText())
        .isEqualTo("assistant");
    assertThat(chunk.path("usage").path("completion_tokens").asInt()).isEqualTo(4);
  }

  @Test
  void onEnd_withUsage_endsWithUsageAndDone() throws Exception {
    SseAnswer answer = answer(AnswerKind.CHAT, 1, new Streaming(true, false));

    write(answer, event(0, 0, "x", FinishReason.LENGTH));
    String[] frames = frames(written(answer::onEnd));

    assertThat(data(frames[0]).path("choices").isEmpty()).isTrue();
    JsonNode usage = data(frames[0]).path("usage");
    assertThat(usage.path("total_tokens").asInt()).isEqualTo(6);
    assertThat(usage.path("prompt_tokens_details").path("cached_tokens").asInt()).isEqualTo(4);
    assertThat(frames[1]).isEqualTo("data: [DONE]");
  }

  @Test
  void onEnd_beforeAllChoicesEnded_fails() {
    SseAnswer answer = answer(AnswerKind.CHAT, 2, new Streaming(false, false));
    write(answer, event(0, 0, "x", FinishReason.LENGTH));

    assertThatThrownBy(() -> written(answer::onEnd)).isInstanceOf(ServingException.class);
  }

  @Test
  void onFailure_anyFailure_isAnErrorThatHidesInternals() throws Exception {
    JsonNode own = data(frames(failure(new ServingException(ErrorCode.OVERLOADED, "full")))[0]);
    JsonNode other = data(frames(failure(new IllegalStateException("secret")))[0]);

    assertThat(own.path("error").path("message").asText()).isEqualTo("full");
    assertThat(other.path("error").path("message").asText()).doesNotContain("secret");
    assertThat(failure(new ClientClosedException()).isEmpty()).isTrue();
  }
}
