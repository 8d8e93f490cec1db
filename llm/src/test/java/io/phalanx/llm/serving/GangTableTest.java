package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.Backlog;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What {@link GangTable} knows of gangs. */
final class GangTableTest {

  @Test
  void update_tellsWhereAGangStandsOnlyWhenThatChanges() {
    GangTable<String> table = tableOf(1);

    assertThat(table.update(0, Rollout.Phase.READY, List.of())).contains(Rollout.Phase.READY);
    assertThat(table.update(0, Rollout.Phase.READY, List.of())).isEmpty();
    assertThat(table.update(7, Rollout.Phase.READY, List.of())).isEmpty();
  }

  @Test
  void stop_gangThatTellsItIsReadyAfterwards_keepsStopping() {
    GangTable<String> table = tableOf(2);

    assertThat(table.stop(1)).contains("gang-1");
    assertThat(table.update(1, Rollout.Phase.READY, List.of())).isEmpty();

    assertThat(table.view())
        .contains(new Rollout.Gang(1, "v", Rollout.Phase.STOPPING))
        .contains(new Rollout.Gang(0, "v", Rollout.Phase.STARTING));
    assertThat(table.stopping()).isEqualTo(1);
  }

  @Test
  void freeOrdinal_theWantedOneOrTheNext() {
    GangTable<String> table = tableOf(2);

    assertThat(table.freeOrdinal(1)).isEqualTo(2);
    assertThat(table.freeOrdinal(5)).isEqualTo(5);
  }

  @Test
  void ofReplica_findsTheGangByTheNameOfAReplica() {
    GangTable<String> table = tableOf(2);
    table.update(1, Rollout.Phase.STARTING, List.of(replica(ReplicaState.STARTING)));

    assertThat(table.ofReplica("r")).contains("gang-1");
    assertThat(table.replicaNames()).containsExactly("r");
    assertThat(table.ofReplica("other")).isEmpty();
  }

  private static GangTable<String> tableOf(int gangs) {
    GangTable<String> table = new GangTable<>();
    IntStream.range(0, gangs).forEach(ordinal -> table.add(ordinal, "v", "gang-" + ordinal));
    return table;
  }

  private static ReplicaStatus replica(ReplicaState state) {
    return new ReplicaStatus("r", 0, 1, state, "", List.of(), 0, Backlog.EMPTY);
  }
}
