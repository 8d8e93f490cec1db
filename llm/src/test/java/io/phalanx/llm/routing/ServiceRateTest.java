package io.phalanx.llm.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.runtime.metrics.HistogramCounts;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** {@link ServiceRate}: what is learned from reports. */
final class ServiceRateTest {
  private final ServiceRate rate = new ServiceRate();

  private void report(double seconds, int waiting, long promptLeft, long accepted, long generated) {
    rate.report(
        new Backlog(waiting, 4, promptLeft, 0),
        stats(waiting, accepted, generated),
        (long) (seconds * TimeUnit.SECONDS.toNanos(1)));
  }

  private static EngineStats stats(int waiting, long accepted, long generated) {
    HistogramCounts none = HistogramCounts.NONE;
    return new EngineStats(waiting, 4, 0, 0, 1, accepted, generated, 0, 0, 0, none, none);
  }

  @Test
  void report_neverFull_staysUnknown() {
    report(0, 0, 0, 0, 0);
    report(1, 0, 0, 10, 5);
    report(2, 0, 0, 20, 10);

    assertThat(rate.tokensPerSecond()).isEmpty();
  }

  @Test
  void report_fullThroughout_countsPromptAndGeneratedTokens() {
    report(0, 3, 100, 100, 0);
    report(1, 3, 60, 200, 50); // 140 of the prompts' tokens and 50 more

    assertThat(rate.tokensPerSecond()).hasValue(190);
  }

  @Test
  void report_slowWithLittleToDo_doesNotLowerTheRate() {
    report(0, 3, 0, 0, 0);
    report(1, 3, 0, 0, 100);
    report(2, 0, 0, 0, 101);
    report(3, 0, 0, 0, 102);

    assertThat(rate.tokensPerSecond()).hasValue(100);
  }

  @Test
  void report_slowerWhileFull_lowersTheRateByAndBy() {
    report(0, 3, 0, 0, 0);
    report(1, 3, 0, 0, 100);
    report(2, 3, 0, 0, 150);

    assertThat(rate.tokensPerSecond()).hasValue(85);
  }

  @Test
  void reports_closeTogether_areTakenTogether() {
    report(0, 3, 0, 0, 0);
    report(0.001, 3, 0, 0, 90);
    report(1, 3, 0, 0, 100);

    assertThat(rate.tokensPerSecond()).hasValue(100);
  }
}
