package io.phalanx.placement.reservation;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.GroupState;
import io.phalanx.runtime.error.ErrorCode;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What becomes of groups whose nodes are lost, drain, or refuse what they had promised. */
final class GroupSchedulerNodesTest extends SchedulerFixture {
  @Test
  void refusedCommit_keepsWhatOthersCommitted() {
    nodes(1, 1, 1);
    scheduler.create(group("g", STRICT_SPREAD, 1, 1));
    drain(Effect.Prepare.class).forEach(this::prepared);
    drain(Effect.Commit.class);

    scheduler.held("node-1", "g", 1, BundlePhase.COMMITTED);
    scheduler.refused("node-2", "g", 1, ErrorCode.BUNDLE_NOT_PREPARED);

    assertThat(snapshot("g").state()).isEqualTo(GroupState.RESCHEDULING);
    assertThat(snapshot("g").sites()).containsOnlyKeys(0);
    assertThat(drain(Effect.Prepare.class)).extracting(Effect.Prepare::nodeId).hasSize(1);
  }

  @Test
  void lostBundles_comeFirstAndDoNotKeepOthersWaiting() {
    nodes(2, 1, 1);
    createOnOneNode("big", 2);
    scheduler.create(group("waiting", PACK, 2));
    drain(Effect.class);

    scheduler.nodeLost("node-1");
    scheduler.create(group("small", PACK, 1));

    assertThat(snapshot("big").state()).isEqualTo(GroupState.RESCHEDULING);
    assertThat(drain(Effect.Prepare.class))
        .extracting(prepare -> prepare.group().id())
        .containsExactly("small");
    scheduler.nodeState(node(4, 2), List.of());
    assertThat(drain(Effect.Prepare.class))
        .extracting(prepare -> prepare.group().id())
        .containsExactly("big");
  }

  @Test
  void twoNodesLost_duringTheReservationOfLostBundles_allArePlacedAgain() {
    nodes(1, 1, 1, 1);
    scheduler.create(group("g", STRICT_SPREAD, 1, 1, 1));
    drain(Effect.Prepare.class).forEach(this::prepared);
    drain(Effect.Commit.class)
        .forEach(c -> scheduler.held(c.nodeId(), "g", c.attempt(), BundlePhase.COMMITTED));
    drain(Effect.class);

    scheduler.nodeLost("node-1");
    Effect.Prepare first = drain(Effect.Prepare.class).get(0);
    assertThat(first.nodeId()).isEqualTo("node-4");
    scheduler.nodeLost("node-2");
    prepared(first);

    assertThat(snapshot("g").sites()).containsOnlyKeys(0, 2);
    assertThat(snapshot("g").state()).isEqualTo(GroupState.RESCHEDULING);
    scheduler.nodeState(node(5, 1), List.of());
    prepared(drain(Effect.Prepare.class).get(0));
    assertThat(snapshot("g").state()).isEqualTo(GroupState.CREATED);
  }

  @Test
  void drainingNode_getsNothingNewAndKeepsWhatItHas() {
    nodes(1, 1);
    createOnOneNode("g", 1);

    scheduler.nodeDraining("node-1", true);
    scheduler.nodeDraining("node-2", true);
    scheduler.create(group("h", PACK, 1));

    assertThat(drain(Effect.Prepare.class)).isEmpty();
    assertThat(snapshot("g").state()).isEqualTo(GroupState.CREATED);
    scheduler.nodeDraining("node-2", false);
    assertThat(drain(Effect.Prepare.class))
        .extracting(Effect.Prepare::nodeId)
        .containsExactly("node-2");
  }
}
