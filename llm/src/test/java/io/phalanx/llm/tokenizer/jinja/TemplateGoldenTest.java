package io.phalanx.llm.tokenizer.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.phalanx.llm.tokenizer.Goldens;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Templates against what {@code transformers} renders. */
final class TemplateGoldenTest {

  static List<String> templates() {
    return Goldens.templates();
  }

  @ParameterizedTest
  @MethodSource("templates")
  void render_golden_isWhatTransformersRenders(String name) {
    JsonNode golden = Goldens.template(name);
    Map<String, Object> variables = new HashMap<>(Goldens.values(golden));
    variables.keySet().retainAll(List.of("messages"));
    variables.putAll(Goldens.values(golden.path("variables")));
    Template template = Template.parse(golden.path("template").asText(), clock(golden));

    if (golden.has("expectedError")) {
      assertThatThrownBy(() -> template.render(Map.of(), variables, Limits.forInput(0)))
          .isInstanceOf(TemplateException.class)
          .hasMessage(golden.path("expectedError").asText());
    } else {
      assertThat(template.render(Map.of(), variables, Limits.forInput(0)).value())
          .isEqualTo(golden.path("expected").asText());
    }
  }

  private static Clock clock(JsonNode golden) {
    String now = golden.path("now").asText("2026-01-02T03:04:05");
    return Clock.fixed(LocalDateTime.parse(now).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
  }
}
