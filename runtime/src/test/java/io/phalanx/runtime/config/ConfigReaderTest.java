package io.phalanx.runtime.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The conversions and the error texts of {@link ConfigReader}. */
final class ConfigReaderTest {

  @Test
  void values_ofTheRightType_areRead() {
    ConfigReader reader =
        reader(
            """
            name = llama-3.1
            version = 7
            port = 8000
            share = 0.9
            on = true
            wait = 5 s
            memory = 2 GiB
            role = worker
            roles = [control, INGRESS]
            stop = [a, b]
            ids = [1, 2]
            labels { zone = a, rack = 7 }
            bundle { GPU = 1, CPU = 0.5 }
            """);

    assertThat(reader.string("name")).isEqualTo("llama-3.1");
    assertThat(reader.string("version")).isEqualTo("7");
    assertThat(reader.positiveInt("port")).isEqualTo(8000);
    assertThat(reader.longInteger("port")).isEqualTo(8000L);
    assertThat(reader.number("share", 0, 1)).isEqualTo(0.9);
    assertThat(reader.bool("on")).isTrue();
    assertThat(reader.duration("wait")).isEqualTo(Duration.ofSeconds(5));
    assertThat(reader.bytes("memory")).isEqualTo(2L << 30);
    assertThat(reader.enumValue("role", NodeRole.class)).isEqualTo(NodeRole.WORKER);
    assertThat(reader.enumValues("roles", NodeRole.class))
        .containsExactly(NodeRole.CONTROL, NodeRole.INGRESS);
    assertThat(reader.strings("stop")).containsExactly("a", "b");
    assertThat(reader.integers("ids")).containsExactly(1, 2);
    assertThat(reader.stringMap("labels")).isEqualTo(Map.of("zone", "a", "rack", "7"));
    assertThat(reader.numberMap("bundle")).isEqualTo(Map.of("GPU", 1.0, "CPU", 0.5));
    reader.rejectUnknown();
  }

  @Test
  void numbers_fromTheEnvironmentAsText_areRead() {
    ConfigReader reader = reader("port = \"8000\", share = \"0.5\", on = \"false\"");

    assertThat(reader.integer("port")).isEqualTo(8000);
    assertThat(reader.number("share")).isEqualTo(0.5);
    assertThat(reader.bool("on")).isFalse();
  }

  @Test
  void optional_absentOrNull_isEmpty() {
    ConfigReader reader = reader("nothing = null");

    assertThat(reader.optionalString("nothing")).isEmpty();
    assertThat(reader.optionalInteger("absent")).isEmpty();
    assertThat(reader.optionalChild("absent")).isEmpty();
    assertThat(reader.childrenOrEmpty("absent")).isEmpty();
    assertThat(reader.childOrEmpty("absent").has("x")).isFalse();
    assertThat(reader.has("nothing")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          port = abc      | a.b.port: [abc] is not an integer from 1 to 65535
          port = 0        | a.b.port: [0] is not an integer from 1 to 65535
          port = 70000    | a.b.port: [70000] is not an integer from 1 to 65535
          port = 1.5      | a.b.port: [1.5] is not an integer from 1 to 65535
          port = true     | a.b.port: [true] is not an integer from 1 to 65535
          port = 1e99     | a.b.port: [1.0E99] is not an integer from 1 to 65535
          port = [1]      | a.b.port: [[1]] is not an integer from 1 to 65535
          prt = 1         | a.b.port: missing; it must be set
          """)
  void integer_outOfRangeOrOfAnotherType_isRefused(String text, String message) {
    assertRefused(text, reader -> reader.integer("port", 1, 65535), message);
  }

  @Test
  void otherTypes_wrongValue_nameWhatIsAllowed() {
    assertRefused("k = {}", r -> r.string("k"), "[{}] is not a string");
    assertRefused("k = -1", r -> r.positiveInt("k"), "[-1] is not an integer of at least 1");
    assertRefused("k = much", r -> r.number("k"), "[much] is not a number");
    assertRefused("k = 2", r -> r.number("k", 0, 1.5), "[2] is not a number from 0 to 1.5");
    assertRefused("k = perhaps", r -> r.bool("k"), "[perhaps] is not true or false");
    assertRefused("k = soon", r -> r.duration("k"), "[soon] is not a duration of at least 0");
    assertRefused("k = -5 s", r -> r.duration("k"), "[-5 s] is not a duration of at least 0");
    assertRefused("k = big", r -> r.bytes("k"), "[big] is not an amount of memory");
    assertRefused("k = a", r -> r.strings("k"), "[a] is not a list");
    assertRefused("k = a", r -> r.child("k"), "[a] is not an object");
    assertRefused("k = [a]", r -> r.children("k"), "a.b.k[0]: [a] is not an object");
    assertRefused(
        "k = boss",
        r -> r.enumValue("k", NodeRole.class),
        "[boss] is not one of [control, worker, ingress]");
  }

  @Test
  void error_knowsFileAndLine() {
    assertRefused("\n\nport = abc", r -> r.integer("port"), "(String: 4)");
  }

  @Test
  void rejectUnknown_misspelledKey_namesTheNearest() {
    assertRefused(
        "prt = 1",
        reader -> {
          reader.has("port");
          reader.has("host");
          reader.rejectUnknown();
        },
        "a.b.prt: unknown key; did you mean [port]?");
  }

  @Test
  void rejectUnknown_nothingNear_namesAllKnown() {
    assertRefused(
        "colour = red",
        reader -> reader.know("port", "host").rejectUnknown(),
        "a.b.colour: unknown key; known are [host, port]");
  }

  @Test
  void rejectUnknown_inAnObjectThatWasRead_isRefused() {
    assertRefused(
        "list = [{ x = 1 }, { y = 2 }]",
        reader -> {
          reader.children("list").forEach(child -> child.optionalInteger("x"));
          reader.rejectUnknown();
        },
        "a.b.list[1].y: unknown key; did you mean [x]?");
  }

  @Test
  void snakeCase_accepted_meansTheKebabKey() {
    ConfigReader reader = reader("max_model_len = 8, inner { block_size = 16 }").acceptSnakeCase();

    assertThat(reader.integer("max-model-len")).isEqualTo(8);
    assertThat(reader.child("inner").integer("block-size")).isEqualTo(16);
    reader.rejectUnknown();
  }

  @Test
  void snakeCase_notAccepted_isUnknown() {
    assertRefused(
        "max_model_len = 8",
        reader -> reader.know("max-model-len").rejectUnknown(),
        "a.b.max_model_len: unknown key; did you mean [max-model-len]?");
  }

  @Test
  void snakeCase_bothSpellings_isRefused() {
    assertRefused(
        "max_model_len = 8, max-model-len = 9",
        reader -> reader.acceptSnakeCase().integer("max-model-len"),
        "a.b.max-model-len: given twice, also as [max_model_len]; keep one");
  }

  @Test
  void snakeCase_wrongValue_isNamedAsWritten() {
    assertRefused(
        "max_model_len = x",
        reader -> reader.acceptSnakeCase().integer("max-model-len"),
        "a.b.max_model_len: [x] is not an integer");
  }

  @Test
  void of_absentPath_isRefused() {
    ServingException refused =
        catchThrowableOfType(
            ServingException.class, () -> ConfigReader.of(ConfigFactory.empty(), "a.b"));

    assertThat(refused).hasMessage("a.b: missing; it must be an object");
  }

  @Test
  void error_forACallersOwnRule_namesPathAndOrigin() {
    ServingException error = reader("tp = 3").error("tp", "[3] does not divide 8");

    assertThat(error).hasMessage("a.b.tp: [3] does not divide 8 (String: 2)");
  }

  @Test
  void keys_areKnownAndSorted() {
    ConfigReader reader = reader("b = 1, a = 2");

    assertThat(reader.keys()).isEqualTo(List.of("a", "b"));
    reader.rejectUnknown();
  }

  private static ConfigReader reader(String text) {
    return ConfigReader.of(ConfigFactory.parseString("a.b {\n" + text + "\n}"), "a.b");
  }

  private static void assertRefused(String text, Consumer<ConfigReader> read, String message) {
    ServingException refused =
        catchThrowableOfType(ServingException.class, () -> read.accept(reader(text)));

    assertThat(refused).isNotNull().hasMessageContaining(message);
    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION);
  }
}
