package io.phalanx.placement.reservation;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.SchedulingDetail;
import io.phalanx.runtime.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the manager wants done, step by step; the simulation shows that it holds in any order. */
final class GroupSchedulerTest extends SchedulerFixture {
  @Test
  void oneNode_takesOnePhaseAndOneMessage() {
    nodes(4);

    scheduler.create(group("g", PACK, 1, 1, 1));

    List<Effect.Prepare> prepares = drain(Effect.Prepare.class);
    assertThat(prepares).hasSize(1);
    assertThat(prepares.get(0).commit()).isTrue();
    assertThat(prepares.get(0).devicesOfBundle()).containsOnlyKeys(0, 1, 2);
    nanos = 5_000_000;
    prepared(prepares.get(0));
    assertThat(drain(Effect.class)).singleElement().isInstanceOf(Effect.Created.class);
    assertThat(snapshot("g").stats().creationMicros()).isEqualTo(5_000);
  }

  @Test
  void severalNodes_prepareAllThenCommitAll() {
    nodes(1, 1);
    scheduler.create(group("g", STRICT_SPREAD, 1, 1));
    List<Effect.Prepare> prepares = drain(Effect.Prepare.class);

    prepared(prepares.get(0));
    assertThat(drain(Effect.class)).isEmpty();
    assertThat(snapshot("g").state()).isEqualTo(GroupState.PENDING);
    assertThat(snapshot("g").detail()).isEqualTo(SchedulingDetail.SCHEDULING_STARTED);
    prepared(prepares.get(1));

    assertThat(snapshot("g").state()).isEqualTo(GroupState.PREPARED);
    List<Effect.Commit> commits = drain(Effect.Commit.class);
    assertThat(commits).extracting(Effect.Commit::nodeId).containsExactly("node-1", "node-2");
    commits.forEach(c -> scheduler.held(c.nodeId(), "g", c.attempt(), BundlePhase.COMMITTED));
    assertThat(snapshot("g").state()).isEqualTo(GroupState.CREATED);
  }

  @Test
  void groupsInFlight_doNotPlanOnWhatAnotherIsBeingGiven() {
    nodes(1, 1);

    scheduler.create(group("a", PACK, 1));
    scheduler.create(group("b", PACK, 1));
    scheduler.create(group("c", PACK, 1));

    assertThat(drain(Effect.Prepare.class))
        .extracting(Effect.Prepare::nodeId)
        .containsExactly("node-1", "node-2");
    assertThat(snapshot("c").detail()).isEqualTo(SchedulingDetail.NO_RESOURCES);
  }

  @Test
  void refusal_givesTheRestBackAndTriesElsewhereAtOnce() {
    nodes(1, 1, 1);
    scheduler.create(group("g", STRICT_SPREAD, 1, 1));
    List<Effect.Prepare> prepares = drain(Effect.Prepare.class);
    prepared(prepares.get(0));

    scheduler.refused("node-2", "g", 1, ErrorCode.INSUFFICIENT_BUNDLE_RESOURCES);

    List<Effect> effects = scheduler.drain();
    assertThat(effects).contains(new Effect.Resync("node-2"));
    assertThat(effects)
        .filteredOn(Effect.Release.class::isInstance)
        .extracting(effect -> ((Effect.Release) effect).nodeId())
        .containsExactly("node-1");
    assertThat(effects)
        .filteredOn(Effect.Prepare.class::isInstance)
        .extracting(effect -> ((Effect.Prepare) effect).nodeId())
        .containsExactly("node-2", "node-3");
  }

  @Test
  void refusedAgainAndAgain_isTriedEverMoreSeldom() {
    nodes(1);
    scheduler.create(group("g", PACK, 1));
    List<Integer> ticksOfAttempts = new ArrayList<>();

    for (int tick = 0; tick < 60; tick++) {
      for (Effect.Prepare prepare : drain(Effect.Prepare.class)) {
        ticksOfAttempts.add(tick);
        scheduler.refused(
            "node-1", "g", prepare.attempt(), ErrorCode.INSUFFICIENT_BUNDLE_RESOURCES);
        for (Effect.Prepare atOnce : drain(Effect.Prepare.class)) {
          ticksOfAttempts.add(tick);
          scheduler.refused(
              "node-1", "g", atOnce.attempt(), ErrorCode.INSUFFICIENT_BUNDLE_RESOURCES);
        }
      }
      scheduler.tick();
    }

    assertThat(ticksOfAttempts).startsWith(0, 0, 1, 3, 7, 15, 23, 31);
    assertThat(snapshot("g").stats().highestRetryDelayMillis()).isEqualTo(2_000);
  }

  @Test
  void equalWaitingGroups_arePlacedOneByOneAsRoomComes() {
    nodes(1);
    createOnOneNode("first", 1);
    for (int i = 0; i < 3; i++) {
      scheduler.create(group("waiting-" + i, PACK, 1));
    }
    drain(Effect.class);

    scheduler.nodeState(node(2, 2), List.of());

    assertThat(drain(Effect.Prepare.class))
        .extracting(prepare -> prepare.group().id())
        .containsExactly("waiting-0", "waiting-1");
  }
}
