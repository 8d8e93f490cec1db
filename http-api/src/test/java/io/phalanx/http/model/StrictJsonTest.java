package io.phalanx.http.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ServingException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The limits of request bodies, and what is said to who passes them. */
final class StrictJsonTest {

  private static int size(String json) {
    return StrictJson.parseObject(json.getBytes(StandardCharsets.UTF_8)).path("a").size();
  }

  @Test
  void parseObject_promptOf131072Ids_isTaken() {
    assertThat(size("{\"a\":[" + "4095,".repeat(131_071) + "1]}")).isEqualTo(131_072);
  }

  @Test
  void parseObject_moreThanAMillionValues_isRefused() {
    assertThatThrownBy(() -> size("{\"a\":[" + "{},".repeat(500_000) + "1]}"))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("1000000 values");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"a\":NaN}       | Non-standard token 'NaN' at line 1, column 9",
        "{\"a\":1} {}      | Trailing token",
        "{\"a\":           | Unexpected end-of-input",
        "{\"a\":1,\"a\":2} | Duplicate field 'a'"
      })
  void parseObject_wrongJson_isDescribedWithoutTheParsersNames(String json, String expected) {
    assertThatThrownBy(() -> size(json))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining(expected)
        .hasMessageNotContainingAny("JsonReadFeature", "jackson", "StreamRead");
  }
}
