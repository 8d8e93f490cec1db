package io.phalanx.placement.reservation;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementSettings;
import io.phalanx.placement.SchedulingDetail;
import io.phalanx.placement.scheduling.PlacementPlanner;
import io.phalanx.runtime.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the manager wants done, step by step; the simulation shows that it holds in any order. */
final class GroupSchedulerTest {
  private static final PlacementSettings SETTINGS =
      PlacementSettings.of(ConfigFactory.defaultReference());

  private long nanos;
  private final GroupScheduler scheduler =
      new GroupScheduler(new PlacementPlanner(), SETTINGS, () -> nanos);

  private void nodes(int... gpus) {
    for (int i = 0; i < gpus.length; i++) {
      scheduler.nodeState(node(i + 1, gpus[i]), List.of());
    }
    scheduler.activate();
  }

  private <T extends Effect> List<T> drain(Class<T> type) {
    List<T> found = new ArrayList<>();
    for (Effect effect : scheduler.drain()) {
      if (type.isInstance(effect)) {
        found.add(type.cast(effect));
      }
    }
    return found;
  }

  private GroupSnapshot snapshot(String groupId) {
    return scheduler.groups().stream()
        .filter(group -> group.spec().id().equals(groupId))
        .findFirst()
        .orElseThrow();
  }

  private void prepared(Effect.Prepare prepare) {
    BundlePhase phase = prepare.commit() ? BundlePhase.COMMITTED : BundlePhase.PREPARED;
    scheduler.held(prepare.nodeId(), prepare.group().id(), prepare.attempt(), phase);
  }

  private void createOnOneNode(String groupId, double gpus) {
    scheduler.create(group(groupId, PACK, gpus));
    drain(Effect.Prepare.class).forEach(this::prepared);
    drain(Effect.class);
  }

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

  private static Holding held(PlacementGroupSpec spec, int bundle, BundlePhase phase) {
    return new Holding(spec, bundle, new Epoch(1, "m"), 7, List.of(0), phase);
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
