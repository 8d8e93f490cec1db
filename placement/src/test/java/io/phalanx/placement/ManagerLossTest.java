package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.PlacementNodeMain.Deafen;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Several JVMs of which the manager's is killed, time and again, in the middle of a reservation or
 * a removal. Afterwards the ledgers hold exactly what the groups own, every group is created, and
 * bundles on the other nodes have not moved.
 *
 * <p>{@code -Dphalanx.placement.rounds=N} kills N managers instead of one per phase; {@code
 * -Dphalanx.placement.seed=S} repeats a run.
 */
final class ManagerLossTest {
  private static final List<Deafen> PHASES = List.of(Deafen.values());
  private static final int ROUNDS = Integer.getInteger("phalanx.placement.rounds", PHASES.size());
  private static final long SEED = Long.getLong("phalanx.placement.seed", 1);

  @Test
  void managerKilledBetweenPlanPrepareAndCommit_nothingIsHeldTwiceOrLost() throws Exception {
    SplittableRandom random = new SplittableRandom(SEED);
    try (JvmCluster cluster = JvmCluster.start(3)) {
      for (int round = 0; round < ROUNDS; round++) {
        Deafen phase =
            round < PHASES.size() ? PHASES.get(round) : PHASES.get(random.nextInt(PHASES.size()));
        new Round(cluster, round, phase).run();
      }
    }
  }

  /** One killed manager. */
  private record Round(JvmCluster cluster, int number, Deafen phase) {

    void run() throws Exception {
      Map<String, PlacementGroup> settled = new HashMap<>();
      for (PlacementStrategy strategy : List.of(PlacementStrategy.PACK, PlacementStrategy.SPREAD)) {
        String id = "settled-" + number + "-" + strategy;
        settled.put(id, cluster.groups().create(group(id, strategy, 1, 0.5)));
      }
      cluster.awaitCreated(settled.values());
      PlacementGroup removed = cluster.groups().create(spread("removed"));
      cluster.awaitCreated(List.of(removed));
      List<BundlePlacement> before = cluster.placements(settled.keySet());

      cluster.order(phase.name());
      List<PlacementGroup> asked = new ArrayList<>(settled.values());
      if (phase == Deafen.RELEASE) {
        removed.remove();
      } else {
        asked.add(cluster.groups().create(spread("asked")));
      }
      String lost = cluster.killManagerOnceAnotherIsDeaf();

      cluster.replace(lost);
      if (phase != Deafen.RELEASE) {
        removed.remove();
      }
      cluster.awaitCreated(asked);
      cluster.awaitConsistent(asked.size());
      List<BundlePlacement> survivors =
          before.stream().filter(bundle -> !bundle.address().equals(lost)).toList();
      assertThat(cluster.placements(settled.keySet())).containsAll(survivors);
      for (PlacementGroup group : asked) {
        group.remove().toCompletableFuture().join();
      }
      cluster.awaitConsistent(0);
    }

    /** A group over two nodes, so that it takes two phases and a node besides the manager's. */
    private PlacementGroupSpec spread(String name) {
      return group(name + "-" + number, PlacementStrategy.STRICT_SPREAD, 1, 1);
    }
  }
}
