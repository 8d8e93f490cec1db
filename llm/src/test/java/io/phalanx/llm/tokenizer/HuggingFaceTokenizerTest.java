package io.phalanx.llm.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link HuggingFaceTokenizer} against what {@code tokenizers} itself makes of the same texts. */
final class HuggingFaceTokenizerTest {
  private static final String[] TEXTS = {
    "",
    "plain ascii",
    "  leading and trailing  \n\n",
    "naïve café — “quotes”",
    "日本語のテキスト、中文，한국어",
    "emoji 👩‍👩‍👧‍👦🏳️‍🌈 👍🏽 and ✈️",
    "tabs\tand\r\nlines\u0085and\u00a0spaces",
    "nul \0 and \u0001 control",
    "عربى עברית ไทย",
    "\ud83d\ude00\ud83d\ude00\ud83d\ude00",
    "e\u0301 combining",
  };

  @TempDir private Path directory;

  static java.util.List<String> models() {
    return Goldens.models();
  }

  @ParameterizedTest
  @MethodSource("models")
  void encodeText_goldenTexts_givesReferenceIds(String model) {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model(model))) {
      for (JsonNode golden : texts(model)) {
        String text = golden.path("text").asText();
        JsonNode plain = golden.path("idsAsText");
        assertThat(tokenizer.encodeText(text))
            .as(text)
            .isEqualTo(Goldens.ids(plain.isMissingNode() ? golden.path("ids") : plain));
      }
    }
  }

  @Test
  void close_sharedWithAnother_leavesTheOtherAloneUsable() {
    Path model = Goldens.model(Goldens.models().get(0));
    HuggingFaceTokenizer first = HuggingFaceTokenizer.load(model);
    int[] ids = first.encodeText("plain ascii");
    try (HuggingFaceTokenizer second = HuggingFaceTokenizer.load(model)) {
      first.close();
      first.close();

      assertThat(second.encodeText("plain ascii")).isEqualTo(ids);
      assertThatThrownBy(() -> first.encodeText("plain ascii"))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("tokenizer.json");
      assertThatThrownBy(first::vocabSize).isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void encodePrompt_goldenTexts_addsWhatThePostProcessorAdds(String model) {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model(model))) {
      for (JsonNode golden : texts(model)) {
        JsonNode added = golden.path("idsWithAdded");
        if (golden.path("idsAsText").isMissingNode()) {
          assertThat(tokenizer.encodePrompt(golden.path("text").asText()))
              .isEqualTo(Goldens.ids(added.isMissingNode() ? golden.path("ids") : added));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void decode_goldenIds_givesReferenceText(String model) {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model(model))) {
      for (JsonNode golden : texts(model)) {
        int[] ids = Goldens.ids(golden.path("ids"));
        assertThat(tokenizer.decode(ids)).isEqualTo(golden.path("decoded").asText());
        assertThat(tokenizer.decodeNatively(ids)).isEqualTo(golden.path("decoded").asText());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void detokenizer_randomIds_joinsToWhatTheLibraryDecodes(String model) {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model(model))) {
      for (int seed = 0; seed < 200; seed++) {
        int[] ids = new Random(seed).ints(40, 0, tokenizer.vocabSize() + 5).toArray();
        String expected = tokenizer.decodeNatively(ids);
        assertThat(tokenizer.decode(ids)).as("seed " + seed).isEqualTo(expected);
        assertThat(join(new WindowDetokenizer(tokenizer::decodeNatively), ids))
            .as("window, seed " + seed)
            .isEqualTo(expected);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void detokenizer_textOfManyScripts_givesWholeCharactersOnly(String model) {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model(model))) {
      for (String text : TEXTS) {
        IncrementalDetokenizer detokenizer = tokenizer.newDetokenizer();
        StringBuilder joined = new StringBuilder();
        for (int id : tokenizer.encodeText(text)) {
          String added = detokenizer.append(id);
          assertThat(added).doesNotContain("\ufffd");
          joined.append(added);
        }
        String whole = joined.append(detokenizer.finish()).toString();
        assertThat(whole).isEqualTo(tokenizer.decode(tokenizer.encodeText(text)));
        assertThat(java.text.Normalizer.normalize(whole, java.text.Normalizer.Form.NFC))
            .isEqualTo(java.text.Normalizer.normalize(text, java.text.Normalizer.Form.NFC));
      }
    }
  }

  @Test
  void finish_unfinishedCharacter_isReplacementCharacter() {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model("llama-tiny"))) {
      int[] ids = tokenizer.encodeText("\ud83e\udd80");
      IncrementalDetokenizer detokenizer = tokenizer.newDetokenizer();

      assertThat(detokenizer.append(ids[0])).isEmpty();
      assertThat(detokenizer.finish()).isEqualTo("\ufffd");
      assertThat(detokenizer.append(tokenizer.encodeText("a")[0])).isEqualTo("a");
    }
  }

  @Test
  void vocabSize_everyIdBelow_isKnown() {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model("qwen3-tiny"))) {
      assertThat(tokenizer.vocabSize()).isEqualTo(386);
      assertThat(tokenizer.decode(new int[] {tokenizer.vocabSize() - 1})).isEqualTo("</think>");
      assertThat(tokenizer.decode(new int[] {-1, tokenizer.vocabSize()})).isEmpty();
    }
  }

  @Test
  void encodeText_longerThan512Tokens_isNotTruncated() {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model("llama-tiny"))) {
      assertThat(tokenizer.encodeText("x ".repeat(5_000)).length).isGreaterThan(5_000);
    }
  }

  @Test
  void encodeText_loneSurrogate_becomesReplacementCharacterAndKeepsTheRest() {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model("llama-tiny"))) {
      assertThat(tokenizer.decode(tokenizer.encodeText("a\ud800b😀\udc00")))
          .isEqualTo("a\ufffdb😀\ufffd");
    }
  }

  @Test
  void encodeText_manyThreads_giveTheSameIds() {
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model("qwen2-tiny"))) {
      int[] expected = tokenizer.encodeText(TEXTS[4]);
      assertThat(
              IntStream.range(0, 500)
                  .parallel()
                  .allMatch(i -> Arrays.equals(expected, tokenizer.encodeText(TEXTS[4]))))
          .isTrue();
    }
  }

  @Test
  void encodeText_afterClose_isRefused() {
    HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(Goldens.model("llama-tiny"));
    tokenizer.close();
    tokenizer.close();

    assertThatThrownBy(() -> tokenizer.encodeText("x")).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void load_noFile_namesThePath() {
    assertThatThrownBy(() -> HuggingFaceTokenizer.load(directory))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL);
              assertThat(e).hasMessageContaining(directory.resolve("tokenizer.json").toString());
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"model\": 1}",
        "{\"model\": {\"type\": \"BPE\"}}",
        "{\"model\": {\"type\": \"Unknown\", \"vocab\": {}}}",
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 2000000000}, \"merges\": []}}",
        "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": -1}, \"merges\": []}}",
      })
  void load_notATokenizer_isInvalidModel(String json) throws IOException {
    Files.writeString(directory.resolve("tokenizer.json"), json);

    assertThatThrownBy(() -> HuggingFaceTokenizer.load(directory))
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model", "added_tokens", "decoder", "vocab"})
  void load_keyTwice_isRefusedByName(String key) throws IOException {
    ObjectNode file =
        (ObjectNode) Goldens.read(Goldens.model("llama-tiny").resolve("tokenizer.json"));
    JsonNode value = file.findValue(key);
    String once = "\"" + key + "\":" + value;
    Files.writeString(
        directory.resolve("tokenizer.json"), file.toString().replace(once, once + "," + once));

    assertThatThrownBy(() -> HuggingFaceTokenizer.load(directory))
        .isInstanceOfSatisfying(
            ServingException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_MODEL))
        .hasMessageContaining("the key [" + key + "] twice");
  }

  private static Iterable<JsonNode> texts(String model) {
    return Goldens.read(Goldens.model(model).resolve("tokenizer-golden.json")).path("texts");
  }

  private static String join(IncrementalDetokenizer detokenizer, int[] ids) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(detokenizer.append(id));
    }
    return text.append(detokenizer.finish()).toString();
  }
}
