package io.phalanx.placement.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Clusters;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random small clusters and groups: plans are valid, and found and minimal where one exists. */
final class PlacementPlannerSimulationTest {
  private static final int GROUPS_PER_SEED = 60;
  private final PlacementPlanner planner = new PlacementPlanner(Duration.ofHours(1), () -> 0);

  static LongStream seeds() {
    return LongStream.range(0, 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void find_randomGroups_agreesWithTryingEverything(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < GROUPS_PER_SEED; i++) {
      List<NodeView> nodes = randomNodes(random);
      PlacementGroupSpec spec = randomGroup(random);
      String what = "seed " + seed + " group " + i + ": " + spec + " on " + nodes;

      Optional<Planned> planned = planner.find(spec, nodes, Map.of());

      int fewest = new Exhaustive(spec, nodes).fewestNodes();
      assertThat(planned.isPresent()).as(what).isEqualTo(fewest < Integer.MAX_VALUE);
      planned.ifPresent(plan -> assertValid(plan, spec, nodes, fewest, what));
    }
  }

  private static List<NodeView> randomNodes(SplittableRandom random) {
    return IntStream.rangeClosed(1, random.nextInt(1, 5))
        .mapToObj(i -> Clusters.partlyFree(i, 4, random.nextInt(5), random.nextInt(5)))
        .toList();
  }

  private static PlacementGroupSpec randomGroup(SplittableRandom random) {
    double[] gpus = {0, 1, 1, 1, 2, 3};
    List<Bundle> bundles = new ArrayList<>();
    for (int i = random.nextInt(1, 6); i > 0; i--) {
      double gpu = gpus[random.nextInt(gpus.length)];
      double cpu = gpu == 0 ? 1 : random.nextInt(3);
      bundles.add(Bundle.of(Resources.of(Map.of("GPU", gpu, "CPU", cpu))));
    }
    PlacementStrategy[] strategies = PlacementStrategy.values();
    return new PlacementGroupSpec("g", "", bundles, strategies[random.nextInt(strategies.length)]);
  }

  private static void assertValid(
      Planned plan, PlacementGroupSpec spec, List<NodeView> nodes, int fewest, String what) {
    Map<String, Resources> held = new HashMap<>();
    Set<String> devices = new HashSet<>();
    for (int i = 0; i < spec.bundles().size(); i++) {
      BundleSite site = plan.site(i);
      Resources asked = spec.bundles().get(i).resources();
      held.merge(site.nodeId(), asked, Resources::plus);
      assertThat(site.deviceIndexes()).as(what).hasSize((int) (asked.get("GPU") / Resources.UNIT));
      for (int device : site.deviceIndexes()) {
        assertThat(devices.add(site.nodeId() + "/" + device)).as(what).isTrue();
      }
    }
    for (NodeView node : nodes) {
      Resources taken = held.getOrDefault(node.nodeId(), Resources.NONE);
      assertThat(taken.fits(node.freeWithGpus())).as(what).isTrue();
    }
    switch (spec.strategy()) {
      case PACK, STRICT_PACK -> assertThat(held).as(what).hasSize(fewest);
      case STRICT_SPREAD -> assertThat(held).as(what).hasSize(spec.bundles().size());
      case SPREAD -> assertThat(held).as(what).isNotEmpty();
    }
    assertThat(plan.optimal()).as(what).isTrue();
  }

  /** Tries every node for every bundle; whole GPUs only, so that counting is enough. */
  private static final class Exhaustive {
    private final PlacementGroupSpec spec;
    private final List<NodeView> nodes;
    private final Resources[] free;
    private final int[] used;
    private int fewest = Integer.MAX_VALUE;

    Exhaustive(PlacementGroupSpec spec, List<NodeView> nodes) {
      this.spec = spec;
      this.nodes = nodes;
      this.free = nodes.stream().map(NodeView::freeWithGpus).toArray(Resources[]::new);
      this.used = new int[nodes.size()];
    }

    int fewestNodes() {
      place(0);
      return fewest;
    }

    private void place(int bundle) {
      int nodesUsed = (int) IntStream.of(used).filter(count -> count > 0).count();
      if (bundle == spec.bundles().size()) {
        fewest = isAllowed(nodesUsed) ? Math.min(fewest, nodesUsed) : fewest;
        return;
      }
      Resources asked = spec.bundles().get(bundle).resources();
      for (int node = 0; node < nodes.size(); node++) {
        if (asked.fits(free[node])) {
          free[node] = free[node].minus(asked);
          used[node]++;
          place(bundle + 1);
          used[node]--;
          free[node] = free[node].plus(asked);
        }
      }
    }

    private boolean isAllowed(int nodesUsed) {
      return switch (spec.strategy()) {
        case PACK, SPREAD -> true;
        case STRICT_PACK -> nodesUsed == 1;
        case STRICT_SPREAD -> nodesUsed == spec.bundles().size();
      };
    }
  }
}
