package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ModelConfig} read from small files, good and bad. */
final class ModelConfigTest {
  private static final String LLAMA =
      """
      {"architectures": ["LlamaForCausalLM"], "hidden_act": "silu", "hidden_size": 64,
       "intermediate_size": 128, "num_hidden_layers": 4, "num_attention_heads": 8,
       "num_key_value_heads": 2, "vocab_size": 320, "max_position_embeddings": 1024,
       "rms_norm_eps": 1e-05, "tie_word_embeddings": true, "eos_token_id": [1, 2]%s}
      """;

  @TempDir private Path directory;

  @Test
  void load_llama_readsEveryField() {
    ModelConfig config = llama("");

    assertThat(config.architecture()).isEqualTo("LlamaForCausalLM");
    assertThat(config.vocabSize()).isEqualTo(320);
    assertThat(config.hiddenSize()).isEqualTo(64);
    assertThat(config.intermediateSize()).isEqualTo(128);
    assertThat(config.numLayers()).isEqualTo(4);
    assertThat(config.attention())
        .isEqualTo(new ModelConfig.AttentionConfig(8, 2, 8, false, false, false));
    assertThat(config.rmsNormEpsilon()).isEqualTo(1e-5);
    assertThat(config.rope()).isEqualTo(RopeConfig.unscaled(10_000));
    assertThat(config.maxPositionEmbeddings()).isEqualTo(1024);
    assertThat(config.tieWordEmbeddings()).isTrue();
    assertThat(config.eosTokenIds()).containsExactlyInAnyOrder(1, 2);
  }

  @Test
  void load_otherArchitectures_differByTheirFlags() {
    assertThat(load(LLAMA.formatted("").replace("Llama", "Qwen2")).attention().qkvBias()).isTrue();
    assertThat(load(LLAMA.formatted("").replace("Llama", "Qwen3")).attention().headNorm()).isTrue();
    assertThat(load(LLAMA.formatted("").replace("Llama", "Mistral")).attention())
        .isEqualTo(llama("").attention());
  }

  @Test
  void load_olderAndNewerRopeSpelling_areTheSame() {
    String llama3 =
        "\"factor\": 32.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0,"
            + " \"original_max_position_embeddings\": 8192";
    RopeConfig expected = new RopeConfig(500_000, 1, new RopeConfig.Llama3Scaling(32, 1, 4, 8192));

    assertThat(
            llama(
                    ", \"rope_theta\": 500000.0, \"rope_scaling\": {\"rope_type\": \"llama3\", "
                        + llama3
                        + "}")
                .rope())
        .isEqualTo(expected);
    assertThat(
            llama(
                    ", \"rope_theta\": 500000.0, \"rope_scaling\": {\"type\": \"llama3\", "
                        + llama3
                        + "}")
                .rope())
        .isEqualTo(expected);
    assertThat(
            llama(
                    ", \"rope_parameters\": {\"rope_theta\": 500000.0, \"rope_type\": \"llama3\", "
                        + llama3
                        + "}")
                .rope())
        .isEqualTo(expected);
    assertThat(llama(", \"rope_scaling\": null, \"rope_theta\": 1e6").rope())
        .isEqualTo(RopeConfig.unscaled(1e6));
    assertThat(llama(", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 4}").rope())
        .isEqualTo(new RopeConfig(10_000, 4, null));
  }

  @Test
  void inverseFrequencies_llama3_stretchesLowFrequenciesOnly() {
    RopeConfig plain = RopeConfig.unscaled(500_000);
    RopeConfig scaled = new RopeConfig(500_000, 1, new RopeConfig.Llama3Scaling(32, 1, 4, 8192));

    float[] before = plain.inverseFrequencies(64);
    float[] after = scaled.inverseFrequencies(64);

    assertThat(after[0]).isEqualTo(before[0]).isEqualTo(1f);
    assertThat(after[31]).isCloseTo(before[31] / 32, within(1e-12f));
  }

  @Test
  void load_windowThatIsNotUsed_isAccepted() {
    assertThat(llama(", \"sliding_window\": null").numLayers()).isEqualTo(4);
    assertThat(llama(", \"sliding_window\": 512, \"use_sliding_window\": false").numLayers())
        .isEqualTo(4);
    assertThat(llama(", \"sliding_window\": 1024").numLayers()).isEqualTo(4);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'\"hidden_size\": 64' | '\"hidden_size\": 0' | hidden_size is 0",
        "'\"hidden_size\": 64' | '\"hidden_size\": 99999999999' | hidden_size is 99999999999",
        "'\"hidden_size\": 64' | '\"hidden_size\": 60' | multiple of 8 heads",
        "'\"vocab_size\": 320' | '\"vocab_size\": -1' | vocab_size is -1",
        "'\"vocab_size\": 320' | '\"vocab_size\": \"many\"' | vocab_size is \"many\"",
        "'\"vocab_size\": 320,' | '' | vocab_size is missing",
        "'\"num_hidden_layers\": 4' | '\"num_hidden_layers\": 1000000' | num_hidden_layers",
        "'\"num_key_value_heads\": 2' | '\"num_key_value_heads\": 3' | a divisor of",
        "LlamaForCausalLM | MambaForCausalLM | 'LlamaForCausalLM, Qwen2ForCausalLM, Qwen3'",
        "'\"silu\"' | '\"gelu\"' | hidden_act is \"gelu\"",
        "'\"rms_norm_eps\": 1e-05' | '\"rms_norm_eps\": -1' | rms_norm_eps",
        "'\"tie_word_embeddings\": true' | '\"tie_word_embeddings\": 1' | true or false",
        "'[1, 2]' | '[1, -2]' | eos_token_id",
        "'[1, 2]' | '1, \"sliding_window\": 512' | sliding_window is 512",
        "'[1, 2]' | '1, \"vocab_size\": 5' | not valid JSON",
        "'[1, 2]' | '1, \"rope_scaling\": {\"type\": \"yarn\"}' | rope_type is \"yarn\"",
        "'[1, 2]' | '1, \"rope_scaling\": \"x\"' | rope_scaling is \"x\"",
        "'[1, 2]' | '1, \"rope_scaling\": {\"type\": \"linear\"}' | factor is missing",
        "'[1, 2]' | '1, \"quantization_config\": {}' | quantization_config is set",
      })
  void load_wrongField_namesFileFieldAndValue(String from, String to, String reason) {
    String json = LLAMA.formatted("").replace(from, to);

    assertInvalid(() -> load(json), reason);
  }

  @Test
  void load_noFileOrNoObject_namesTheFile() {
    assertInvalid(() -> ModelConfig.load(directory), "no such file");
    assertInvalid(() -> load("[]"), "not a JSON object");
    assertInvalid(() -> load("{"), "not valid JSON");
  }

  @ParameterizedTest
  @CsvSource({"1,1", "2,4", "4,2", "8,1"})
  void validate_whatCutsEvenly_passes(int tp, int pp) {
    llama("").validate(tp, pp);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 5, 16})
  void validate_unevenHeads_namesHeadsAndDivisors(int tp) {
    assertThatThrownBy(() -> llama("").validate(tp, 1))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION))
        .hasMessageContaining("tensor-parallel-size is " + tp)
        .hasMessageContaining("8 attention heads")
        .hasMessageContaining("1, 2, 4, 8");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5})
  void validate_moreStagesThanLayers_namesTheLayers(int pp) {
    assertThatThrownBy(() -> llama("").validate(1, pp))
        .hasMessage(
            "pipeline-parallel-size is %d; it must be from 1 to the number of the"
                + " model's layers, 4.",
            pp);
  }

  private void assertInvalid(ThrowingCallable load, String reason) {
    assertThatThrownBy(load)
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL))
        .hasMessageContaining(directory.resolve("config.json").toString())
        .hasMessageContaining(reason);
  }

  private ModelConfig llama(String more) {
    return load(LLAMA.formatted(more));
  }

  private ModelConfig load(String json) {
    try {
      Files.writeString(directory.resolve("config.json"), json);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    return ModelConfig.load(directory);
  }
}
