package io.phalanx.llm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.models.Golden;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is wrong with a model's files is found before anything is started. */
final class DeploymentPreflightTest {
  @TempDir Path directory;

  @BeforeEach
  void copyModel() throws IOException {
    try (Stream<Path> files = Files.list(Golden.directory("llama-tiny"))) {
      for (Path file : files.toList()) {
        Files.copy(file, directory.resolve(file.getFileName().toString()));
      }
    }
  }

  private List<String> check() {
    return DeploymentPreflight.check(
        List.of(LlmConfig.builder().modelId("m").modelSource(directory.toString()).build()),
        HubSettings.ofEnvironment());
  }

  private void assertInvalid(String... parts) {
    assertThatThrownBy(this::check)
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL))
        .hasMessageContainingAll("Model [m]: " + directory)
        .hasMessageContainingAll(parts);
  }

  @Test
  void check_wholeModel_isDescribed() {
    assertThat(check()).containsExactly("m: the directory " + directory + ", LlamaForCausalLM");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tokenizer.json         | {                                  | is not a tokenizer",
        "tokenizer.json         | {}                                 | has no object [model]",
        "tokenizer_config.json  | {                                  | cannot be read as JSON",
        "tokenizer_config.json  | {\"chat_template\": \"{% for\"}    | a chat template",
        "generation_config.json | {                                  | is not readable as JSON",
        "model.safetensors      | {                                  | has 1 bytes"
      })
  void check_wrongFile_isNamed(String file, String text, String problem) throws IOException {
    Files.writeString(directory.resolve(file), text);

    assertInvalid(file, problem);
  }

  @ParameterizedTest
  @CsvSource({
    "hidden_size, model.embed_tokens.weight",
    "intermediate_size, mlp.gate_proj.weight",
    "num_hidden_layers, model.layers."
  })
  void check_configurationOfAnotherModel_namesTheTensor(String field, String tensor)
      throws IOException {
    Path config = directory.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replaceFirst("\"" + field + "\": (\\d+)", "\"" + field + "\": 2$1"));

    assertInvalid(tensor);
  }
}
