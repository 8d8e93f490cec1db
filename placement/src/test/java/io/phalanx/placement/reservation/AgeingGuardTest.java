package io.phalanx.placement.reservation;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.PlacementSettings;
import io.phalanx.placement.scheduling.PlacementPlanner;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Large groups amid a stream of small ones, of which each node does as it is told at once. */
final class AgeingGuardTest {
  private int guardSeconds = 10;
  private GroupScheduler scheduler = scheduler();

  private GroupScheduler scheduler() {
    PlacementSettings settings =
        PlacementSettings.of(
            ConfigFactory.parseString(
                    "phalanx.placement { tick-interval = 1 s, guard-after = %d s, guard-duration = %d s }"
                        .formatted(guardSeconds, guardSeconds))
                .withFallback(ConfigFactory.defaultReference()));
    return new GroupScheduler(new PlacementPlanner(), settings, () -> 0);
  }

  private void nodes(int... gpus) {
    for (int i = 0; i < gpus.length; i++) {
      scheduler.nodeState(node(i + 1, gpus[i]), List.of());
    }
    scheduler.activate();
  }

  private void create(String id, double... gpus) {
    scheduler.create(group(id, PACK, gpus));
    obey();
  }

  private void remove(String id) {
    scheduler.remove(id);
    obey();
  }

  private void ticks(int count) {
    for (int i = 0; i < count; i++) {
      scheduler.tick();
      obey();
    }
  }

  private void obey() {
    List<Effect> effects = scheduler.drain();
    while (!effects.isEmpty()) {
      effects.forEach(this::obey);
      effects = scheduler.drain();
    }
  }

  private void obey(Effect effect) {
    if (effect instanceof Effect.Prepare prepare) {
      BundlePhase phase = prepare.commit() ? BundlePhase.COMMITTED : BundlePhase.PREPARED;
      scheduler.held(prepare.nodeId(), prepare.group().id(), prepare.attempt(), phase);
    } else if (effect instanceof Effect.Commit commit) {
      scheduler.held(commit.nodeId(), commit.groupId(), commit.attempt(), BundlePhase.COMMITTED);
    } else if (effect instanceof Effect.Release release) {
      scheduler.released(release.nodeId(), release.groupId(), release.attempt());
    }
  }

  private boolean isCreated(String id) {
    return scheduler.explain(id).orElseThrow().state() == GroupState.CREATED;
  }

  private String summary(String id) {
    return scheduler.explain(id).orElseThrow().explanation().summary();
  }

  /**
   * Each second one small group more is asked for than there is room, and the oldest ends: some
   * device is always free for a moment, two never are.
   */
  @ParameterizedTest
  @CsvSource({"10, true", "100000, false"})
  void streamOfSmallGroups_letsALargeOneInOnceItHasItsTurn(int seconds, boolean created) {
    guardSeconds = seconds;
    scheduler = scheduler();
    nodes(4, 4);
    Deque<String> small = new ArrayDeque<>();
    for (int i = 0; i < 10; i++) {
      small.add("small-" + i);
      create("small-" + i, 1);
    }
    create("large", 4);

    for (int i = 10; i < 40 && !isCreated("large"); i++) {
      small.add("small-" + i);
      create("small-" + i, 1);
      remove(small.remove());
      ticks(1);
    }

    assertThat(isCreated("large")).isEqualTo(created);
  }

  @Test
  void turn_keepsTheFewestOfTheEmptiestNodesFromLaterGroupsOnly() {
    nodes(4, 4);
    create("first", 2);
    create("second", 3);
    create("large", 4);
    create("earlier", 3);
    ticks(10);

    create("later", 1);
    assertThat(isCreated("later")).isTrue();
    assertThat(scheduler.explain("later").orElseThrow().sites())
        .containsEntry(0, new BundleSite("node-2", List.of(3)));
    create("kept", 1);

    assertThat(isCreated("kept")).isFalse();
    assertThat(summary("kept"))
        .isEqualTo(
            "would fit, but 127.0.0.1:1 is kept for group [large], which was asked for earlier and"
                + " has waited long");
    assertThat(summary("large"))
        .endsWith("; groups that were asked for later are kept from 127.0.0.1:1");
    remove("first");
    assertThat(isCreated("large")).isTrue();
    ticks(1);
    assertThat(summary("kept")).doesNotContain("kept for");
  }

  @Test
  void turnWithoutSuccess_endsAndTheNextComesLater() {
    nodes(4);
    create("lives on", 2);
    create("large", 4);
    ticks(10);
    create("a", 1);
    assertThat(isCreated("a")).isFalse();

    ticks(10);
    assertThat(isCreated("a")).isTrue();
    ticks(9);
    create("b", 1);
    assertThat(isCreated("b")).isTrue();
    remove("b");
    ticks(1);

    create("c", 1);
    assertThat(isCreated("c")).isFalse();
  }

  @Test
  void groupThatLostBundles_isKeptFromNothing() {
    nodes(4, 2);
    create("low", 1);
    scheduler.create(group("pair", STRICT_SPREAD, 1, 1));
    obey();
    create("large", 4);
    ticks(10);

    scheduler.nodeLost("node-2");
    obey();
    scheduler.nodeState(node(3, 1), List.of());
    obey();

    assertThat(isCreated("pair")).isTrue();
  }

  @Test
  void nodeThatDrains_isGivenUpForAnother() {
    nodes(4, 4);
    create("first", 1);
    create("second", 3);
    create("third", 3);
    create("large", 4);
    ticks(10);
    assertThat(summary("large")).endsWith("kept from 127.0.0.1:2");

    scheduler.nodeDraining("node-2", true);
    ticks(1);

    assertThat(summary("large")).endsWith("kept from 127.0.0.1:1");
  }
}
