package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class IngressBacklogsTest {
  private final IngressBacklogs<String> backlogs = new IngressBacklogs<>();

  @Test
  void total_addsTheLatestReportOfEachIngress() {
    backlogs.report("a", 7, 0);
    backlogs.report("a", 3, 1);
    backlogs.report("b", 2, 2);

    assertThat(backlogs.total(3)).isEqualTo(5);
  }

  @Test
  void report_none_isForgottenAtOnce() {
    backlogs.report("a", 3, 0);
    backlogs.report("a", 0, 1);

    assertThat(backlogs.total(1)).isZero();
  }

  @Test
  void total_reportThatIsNotRepeated_isForgotten() {
    backlogs.report("a", 3, 0);
    backlogs.report("b", 4, 10);

    assertThat(backlogs.total(IngressBacklogs.KEPT_NANOS + 1)).isEqualTo(4);
  }
}
