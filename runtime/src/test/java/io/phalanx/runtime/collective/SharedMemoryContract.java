package io.phalanx.runtime.collective;

import static io.phalanx.runtime.collective.RankThreads.tensor;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What process groups do besides whose ranks share memory: they tell each other why they end. */
abstract class SharedMemoryContract extends ProcessGroupContract {

  @Test
  void abort_byAnotherRank_endsTheWaitWithItsReason() {
    assertThat(reasonAfter(group -> group.abort("rank 1 has lost its device")))
        .contains("rank 1 has lost its device");
  }

  @Test
  void close_ofOneRank_endsTheWaitsOfTheOthers() {
    assertThat(reasonAfter(ProcessGroup::close)).contains("rank 1 has left");
  }

  @Test
  void differentShapes_failOnEveryRank() {
    List<String> reasons =
        each(2, group -> reason(() -> group.allReduce(tensor(i -> 1f, 4 + group.rank()))));

    assertThat(reasons).allMatch(reason -> reason.contains("ranks came with different tensors"));
  }
}
