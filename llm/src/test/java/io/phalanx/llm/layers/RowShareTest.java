package io.phalanx.llm.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link RowShare}: which rows a share is. */
final class RowShareTest {

  @ParameterizedTest
  @CsvSource({
    "0, 1, 385, 0, 385",
    "0, 0.5, 128256, 0, 64128",
    "0.5, 1, 128256, 64128, 64128",
    "0, 0.3, 385, 0, 128",
    "0.3, 1, 385, 128, 257",
    "0.3, 0.3, 385, 128, 0",
    "0, 0.5, 10, 0, 0",
    "0.5, 1, 10, 0, 10"
  })
  void rows_ofAShare_beginAtMultiplesOf64(
      double from, double to, long rows, long first, long count) {
    RowShare share = new RowShare(from, to);

    assertThat(share.first(rows)).isEqualTo(first);
    assertThat(share.count(rows)).isEqualTo(count);
  }

  @ParameterizedTest
  @CsvSource({"-0.1, 1", "0.6, 0.5", "0, 1.1", "NaN, 1"})
  void create_notAShare_isRefused(double from, double to) {
    assertThatThrownBy(() -> new RowShare(from, to)).hasMessageContaining("rows from [" + from);
  }
}
