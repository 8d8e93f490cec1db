package io.phalanx.placement.reservation;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static io.phalanx.placement.PlacementStrategy.PACK;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.PlacementSettings;
import io.phalanx.placement.scheduling.PlacementPlanner;
import java.util.ArrayList;
import java.util.List;

/** What tests of a {@link GroupScheduler} share: the scheduler, its nodes and its effects. */
abstract class SchedulerFixture {
  private static final PlacementSettings SETTINGS =
      PlacementSettings.of(ConfigFactory.defaultReference());

  long nanos;
  final GroupScheduler scheduler =
      new GroupScheduler(new PlacementPlanner(), SETTINGS, () -> nanos);

  void nodes(int... gpus) {
    for (int i = 0; i < gpus.length; i++) {
      scheduler.nodeState(node(i + 1, gpus[i]), List.of());
    }
    scheduler.activate();
  }

  <T extends Effect> List<T> drain(Class<T> type) {
    List<T> found = new ArrayList<>();
    for (Effect effect : scheduler.drain()) {
      if (type.isInstance(effect)) {
        found.add(type.cast(effect));
      }
    }
    return found;
  }

  GroupSnapshot snapshot(String groupId) {
    return scheduler.groups().stream()
        .filter(group -> group.spec().id().equals(groupId))
        .findFirst()
        .orElseThrow();
  }

  void prepared(Effect.Prepare prepare) {
    BundlePhase phase = prepare.commit() ? BundlePhase.COMMITTED : BundlePhase.PREPARED;
    scheduler.held(prepare.nodeId(), prepare.group().id(), prepare.attempt(), phase);
  }

  void createOnOneNode(String groupId, double gpus) {
    scheduler.create(group(groupId, PACK, gpus));
    drain(Effect.Prepare.class).forEach(this::prepared);
    drain(Effect.class);
  }
}
