package io.phalanx.llm.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ServingException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BenchResultTest {
  private static final long MILLI = 1_000_000;

  @Test
  void of_twoStreams_addsUpTokensAndKeepsEachStreamsOwnRate() {
    Workload workload = Workload.generate(2, 2, 100, 3);
    RequestTimes first = new RequestTimes(0, millis(100, 150, 200), 3);
    RequestTimes second = new RequestTimes(0, millis(200, 300, 400), 3);

    BenchResult result = BenchResult.of(workload, List.of(first, second));

    assertThat(result.outputTokensPerSecond()).isEqualTo(15);
    assertThat(result.decodeTokensPerSecond()).isEqualTo((20.0 + 10.0) / 2);
    assertThat(result.promptTokensPerSecond()).isEqualTo((1000.0 + 500.0) / 2);
    assertThat(result.firstTokenMillis().p99()).isEqualTo(200);
    assertThat(result.interTokenMillis()).isEqualTo(new BenchResult.Percentiles(100, 100));
  }

  @Test
  void of_prefill_hasNoGaps() {
    RequestTimes times = new RequestTimes(0, millis(500), 1);

    BenchResult result = BenchResult.of(Workload.prefill(1000, 1), List.of(times));

    assertThat(result.promptTokensPerSecond()).isEqualTo(2000);
    assertThat(result.decodeTokensPerSecond()).isZero();
    assertThat(result.interTokenMillis().p50()).isZero();
    assertThat(result.fields()).containsEntry("workload", "prefill").containsKey("ttft_ms_p50");
  }

  @Test
  void workload_outOfRange_namesTheValue() {
    assertThatThrownBy(() -> Workload.generate(4, 2, 1, 1))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("requests is 2; it must be at least streams, which is 4");
    assertThatThrownBy(() -> Workload.prefill(0, 1)).hasMessageContaining("prompt-tokens is 0");
  }

  private static long[] millis(long... values) {
    return Arrays.stream(values).map(value -> value * MILLI).toArray();
  }
}
