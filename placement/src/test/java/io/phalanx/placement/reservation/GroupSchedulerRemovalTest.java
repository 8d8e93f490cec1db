package io.phalanx.placement.reservation;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementGroupSpec;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** How groups are freed that are removed, or of which a node holds what nobody has asked for. */
final class GroupSchedulerRemovalTest extends SchedulerFixture {
  private static Holding held(PlacementGroupSpec spec, int bundle, BundlePhase phase) {
    return new Holding(spec, bundle, new Epoch(1, "m"), 7, List.of(0), phase);
  }

  @Test
  void removal_atEachPoint_releasesEveryNodeConcerned() {
    nodes(1, 1);
    for (int held = 0; held <= 4; held++) {
      String id = "g" + held;
      scheduler.create(group(id, STRICT_SPREAD, 1, 1));
      List<Effect.Prepare> prepares = drain(Effect.Prepare.class);
      long attempt = prepares.get(0).attempt();
      for (int i = 0; i < held; i++) {
        String nodeId = prepares.get(i % 2).nodeId();
        BundlePhase phase = i < 2 ? BundlePhase.PREPARED : BundlePhase.COMMITTED;
        scheduler.held(nodeId, id, attempt, phase);
      }
      drain(Effect.class);

      scheduler.remove(id);

      List<Effect.Release> releases = drain(Effect.Release.class);
      assertThat(releases)
          .extracting(Effect.Release::nodeId)
          .containsExactlyInAnyOrder("node-1", "node-2");
      scheduler.held("node-1", id, attempt, BundlePhase.COMMITTED);
      releases.forEach(r -> scheduler.released(r.nodeId(), id, r.attempt()));
      assertThat(drain(Effect.class)).containsExactly(new Effect.Removed(id));
      assertThat(scheduler.groups()).isEmpty();
    }
  }

  @Test
  void removalUnanswered_isRepeatedUntilTheNodeIsGone() {
    nodes(1);
    createOnOneNode("g", 1);
    scheduler.remove("g");
    assertThat(drain(Effect.Release.class)).hasSize(1);

    for (int tick = 0; tick < 4; tick++) {
      scheduler.tick();
    }
    assertThat(drain(Effect.Release.class)).hasSize(1);
    scheduler.nodeLost("node-1");

    assertThat(drain(Effect.class)).containsExactly(new Effect.Removed("g"));
  }

  @Test
  void restoredRemoval_freesWhatTurnsUp() {
    scheduler.restoreRemoved("g");
    Holding holding =
        new Holding(
            group("g", PACK, 1), 0, new Epoch(1, "m"), 7, List.of(0), BundlePhase.COMMITTED);

    scheduler.nodeState(node(1, 1), List.of(holding));
    scheduler.activate();

    assertThat(drain(Effect.Release.class)).hasSize(1);
    assertThat(snapshot("g").state()).isEqualTo(GroupState.REMOVED);
  }

  @Test
  void unknownGroupOnlyPrepared_isFreedAndForgotten() {
    PlacementGroupSpec spec = group("g", STRICT_SPREAD, 1, 1);
    scheduler.nodeState(node(1, 1), List.of(held(spec, 0, BundlePhase.PREPARED)));
    scheduler.nodeState(node(2, 1), List.of());

    scheduler.activate();

    List<Effect> effects = scheduler.drain();
    Effect.Release release = new Effect.Release("node-1", 0, "g", Set.of(0));
    assertThat(effects).containsExactly(release);
    assertThat(scheduler.groups()).isEmpty();
    for (int i = 0; i < 4; i++) {
      scheduler.tick();
    }
    assertThat(scheduler.drain()).containsExactly(release);
    scheduler.released("node-1", "g", 0);
    assertThat(scheduler.drain()).isEmpty();
    assertThat(scheduler.explain("g")).isEmpty();
    assertThat(scheduler.tombstones()).isEmpty();
    scheduler.create(group("all", STRICT_SPREAD, 1, 1));
    assertThat(drain(Effect.Prepare.class)).hasSize(2);
  }

  @Test
  void groupOnlyPrepared_thatIsAskedForWhileItIsFreed_isPlaced() {
    PlacementGroupSpec spec = group("g", PACK, 1);
    nodes();
    scheduler.nodeState(node(1, 1), List.of(held(spec, 0, BundlePhase.PREPARED)));
    drain(Effect.class);

    scheduler.create(spec);
    scheduler.released("node-1", "g", 0);

    assertThat(drain(Effect.Prepare.class)).hasSize(1);
    assertThat(snapshot("g").state()).isEqualTo(GroupState.PENDING);
  }

  @Test
  void groupPreparedHereAndCommittedThere_isKeptWhicheverIsHeardFirst() {
    PlacementGroupSpec spec = group("g", STRICT_SPREAD, 1, 1);
    scheduler.nodeState(node(1, 1), List.of(held(spec, 0, BundlePhase.PREPARED)));
    scheduler.nodeState(node(2, 1), List.of(held(spec, 1, BundlePhase.COMMITTED)));

    scheduler.activate();
    scheduler.released("node-1", "g", 0);

    assertThat(snapshot("g").sites()).containsOnlyKeys(1);
    assertThat(drain(Effect.Prepare.class))
        .singleElement()
        .satisfies(prepare -> assertThat(prepare.devicesOfBundle()).containsOnlyKeys(0));
  }
}
