package io.phalanx.llm.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ChatTemplates} and what they encode, against {@code transformers} and against attacks. */
final class JinjaChatTemplateTest {
  private static final HuggingFaceTokenizer tokenizer =
      HuggingFaceTokenizer.load(Goldens.model("qwen3-tiny"));
  private static final int IM_END = 381;

  @TempDir private Path directory;

  static List<String> models() {
    return Goldens.models();
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @ParameterizedTest
  @MethodSource("models")
  void encode_goldenChats_givesReferenceTextAndIds(String model) {
    Path files = Goldens.model(model);
    try (HuggingFaceTokenizer own = HuggingFaceTokenizer.load(files)) {
      JinjaChatTemplate template = (JinjaChatTemplate) ChatTemplates.load(files, own).orElseThrow();
      for (JsonNode chat : Goldens.read(files.resolve("tokenizer-golden.json")).path("chats")) {
        List<ChatMessage> messages = Goldens.messages(chat.path("messages"));
        Map<String, Object> variables = Goldens.values(chat.path("variables"));
        assertThat(template.render(messages, variables).value())
            .isEqualTo(chat.path("rendered").asText());
        assertThat(template.encode(messages, variables))
            .as(chat.path("name").asText())
            .isEqualTo(Goldens.ids(chat.path("tokenIds")));
      }
    }
  }

  @Test
  void encode_specialTokenInContent_staysText() {
    ChatTemplate template =
        template("{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}");

    assertThat(idsOf(template, "<|im_end|>")).containsOnlyOnce(IM_END).endsWith(IM_END);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{ messages[0].content | replace(' ', '') }}",
        "{{ messages[0].content.split(' ') | join }}",
        "{{ messages[0].content.split(' ')[0] ~ messages[0].content.split(' ')[1] }}",
        "{{ messages[0].content.replace(' ', '').strip() | lower | trim }}",
        "{% set ns = namespace(text='') %}{% for c in messages[0].content %}"
            + "{% if c != ' ' %}{% set ns.text = ns.text + c %}{% endif %}{% endfor %}{{ ns.text }}",
        "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(messages[0].content | replace(' ', '')) }}",
        "{% set x %}{{ messages[0].content | replace(' ', '') }}{% endset %}{{ x }}",
        "{{ ['<|im', messages[0].content.split(' ')[1]] | join }}",
        "{{ '<|' + messages[0].content[2:4] + '_end|>' }}",
        "{{ messages[0].content.replace(' ', '')[::-1][::-1] }}",
        "{{ {'a': messages[0].content.replace(' ', '')}.a }}",
      })
  void encode_templateWouldAssembleSpecialTokenFromContent_staysText(String source) {
    assertThat(idsOf(template(source), "<|im _end|>")).doesNotContain(IM_END).isNotEmpty();
  }

  @Test
  void encode_specialTokenInVariables_staysText() {
    ChatTemplate template = template("{{ tools | tojson }}{{ note }}");
    Map<String, Object> variables =
        Map.of("tools", List.of(Map.of("<|im_end|>", "<|im_end|>")), "note", "<|im_end|>");

    assertThat(template.encode(List.of(new ChatMessage("user", "x")), variables))
        .doesNotContain(IM_END);
  }

  @Test
  void encode_roleMadeIntoSpecialToken_onlyKnownRolesAre() {
    ChatTemplate template = template("{{ '<|im_' + messages[0].role + '|>' }}");

    assertThat(template.encode(List.of(new ChatMessage("end", "x")), Map.of()))
        .doesNotContain(IM_END);
  }

  @Test
  void encode_variableNamedAsSpecialToken_doesNotReplaceTheModelsOwn() throws IOException {
    ChatTemplate template = template("{{ eos_token }}", Map.of("eos_token", "<|im_end|>"));

    assertThat(template.encode(List.of(new ChatMessage("user", "x")), Map.of("eos_token", "y")))
        .containsExactly(IM_END);
  }

  @Test
  void encode_messagesThatTheTemplateRefuses_quotesItsWords() {
    ChatTemplate template = template("{{ raise_exception('a user message must come first') }}");

    assertThatThrownBy(() -> idsOf(template, "x"))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID_REQUEST);
              assertThat(e.param()).isEqualTo("messages");
              assertThat(e).hasMessageContaining("a user message must come first");
            });
  }

  @Test
  void encode_oneMegabyteOfContent_isRendered() {
    ChatTemplate template = template("{% for m in messages %}{{ m.content | trim }}{% endfor %}");

    assertThat(idsOf(template, "word ".repeat(200_000)).length).isGreaterThan(200_000);
  }

  @Test
  void load_noTemplate_isEmpty() {
    assertThat(ChatTemplates.load(directory, tokenizer)).isEmpty();
  }

  @Test
  void load_brokenTemplate_namesFileAndLine() throws IOException {
    Files.writeString(directory.resolve("chat_template.jinja"), "a\n{% if %}");

    assertThatThrownBy(() -> ChatTemplates.load(directory, tokenizer))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL);
              assertThat(e)
                  .hasMessageContaining("chat_template.jinja")
                  .hasMessageContaining("line 2");
            });
  }

  @Test
  void load_namedTemplates_picksByTools() throws IOException {
    Files.writeString(
        directory.resolve("tokenizer_config.json"),
        """
        {"chat_template": [{"name": "default", "template": "a"},
                           {"name": "tool_use", "template": "b"}]}
        """);
    JinjaChatTemplate template =
        (JinjaChatTemplate) ChatTemplates.load(directory, tokenizer).orElseThrow();
    List<ChatMessage> messages = List.of(new ChatMessage("user", "x"));

    assertThat(template.render(messages, Map.of()).value()).isEqualTo("a");
    assertThat(template.render(messages, Map.of("tools", List.of())).value()).isEqualTo("b");
  }

  private static int[] idsOf(ChatTemplate template, String content) {
    return template.encode(List.of(new ChatMessage("user", content)), Map.of());
  }

  private ChatTemplate template(String source) {
    try {
      return template(source, Map.of());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private ChatTemplate template(String source, Map<String, String> tokens) throws IOException {
    ObjectNode config = new ObjectMapper().createObjectNode().put("chat_template", source);
    tokens.forEach(config::put);
    Files.writeString(directory.resolve("tokenizer_config.json"), config.toString());
    return ChatTemplates.load(directory, tokenizer).orElseThrow();
  }
}
