package io.phalanx.runtime.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How processors are shared between ranks. */
final class CpuThreadsTest {
  private final CpuThreads threads = new CpuThreads();

  @ParameterizedTest(name = "{0} of {1} processors, {2} ranks in the JVM, {3} on the machine: {4}")
  @CsvSource({
    ", 2, 1, 1, 2",
    ", 2, 2, 2, 1",
    ", 2, 1, 2, 1",
    ", 2, 4, 4, 1",
    ", 64, 3, 2, 21",
    ", 64, 2, 8, 8",
    "8, 64, 2, 2, 4",
    "8, 64, 2, 16, 4",
    "1, 64, 2, 2, 1",
  })
  void perRank_isAnEvenShareOfWhatTheJvmMayUse(
      Integer configured, int processors, int ranksInJvm, int ranksOnMachine, int expected) {
    assertThat(
            CpuThreads.perRank(
                Optional.ofNullable(configured), processors, ranksInJvm, ranksOnMachine))
        .isEqualTo(expected);
  }

  @Test
  void lease_ofSeveralReplicas_countsAllTheirRanks() {
    CpuThreads.Lease first = threads.lease("a", 2);
    CpuThreads.Lease second = threads.lease("a", 2);
    CpuThreads.Lease other = threads.lease("b", 1);

    assertThat(first.ranksInJvm()).isEqualTo(second.ranksInJvm()).isEqualTo(2);
    assertThat(other.ranksInJvm()).isEqualTo(3);
  }

  @Test
  void close_ofAReplicasLastLease_freesItsShare() {
    CpuThreads.Lease first = threads.lease("a", 2);
    CpuThreads.Lease second = threads.lease("a", 2);

    first.close();
    first.close();
    assertThat(threads.ranks()).isEqualTo(2);

    second.close();
    assertThat(threads.ranks()).isZero();
  }
}
