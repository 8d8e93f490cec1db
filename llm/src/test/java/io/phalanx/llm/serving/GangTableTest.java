package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.Backlog;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Which gangs {@link GangTable} stops and which it misses. */
final class GangTableTest {

  @Test
  void missing_fewerThanWanted_areTheLowestFreeOrdinals() {
    GangTable<String> table = tableOf(3);
    table.remove(1);

    assertThat(table.missing(4)).containsExactly(1, 3);
    assertThat(table.missing(2)).isEmpty();
  }

  @Test
  void stopSurplus_moreThanWanted_areTheHighestAndOnlyOnce() {
    GangTable<String> table = tableOf(3);

    assertThat(table.stopSurplus(1)).containsExactly("gang-1", "gang-2");
    assertThat(table.stopSurplus(1)).isEmpty();
  }

  @Test
  void missing_whileOthersStop_takesOrdinalsThatAreNotTheirs() {
    GangTable<String> table = tableOf(2);
    table.stopSurplus(1);

    assertThat(table.missing(2)).containsExactly(2);
  }

  @Test
  void ready_oneReplicaOfAGangStarting_isNotCounted() {
    GangTable<String> table = tableOf(3);
    table.update(0, List.of(replica(ReplicaState.READY), replica(ReplicaState.READY)));
    table.update(1, List.of(replica(ReplicaState.READY), replica(ReplicaState.STARTING)));

    assertThat(table.ready()).isEqualTo(1);
    assertThat(table.replicas()).hasSize(4);
  }

  private static GangTable<String> tableOf(int gangs) {
    GangTable<String> table = new GangTable<>();
    IntStream.range(0, gangs).forEach(ordinal -> table.add(ordinal, "gang-" + ordinal));
    return table;
  }

  private static ReplicaStatus replica(ReplicaState state) {
    return new ReplicaStatus("r", 0, state, "", List.of(), 0, Backlog.EMPTY);
  }
}
