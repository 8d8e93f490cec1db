package io.phalanx.placement.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.Clusters;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random clusters and groups of the kinds that Ray's answers cover, and beyond them custom
 * resources and memory: wherever Ray's way succeeds the planner does, spreads equally and packs no
 * wider, with and without time to search.
 */
final class RayOracleTest {
  private static final int GROUPS_PER_SEED = 300;
  private final PlacementPlanner planner = new PlacementPlanner(Duration.ofHours(1), () -> 0);
  private final PlacementPlanner hasty = planner.hasty();

  static LongStream seeds() {
    return LongStream.range(0, 20);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void find_randomGroups_asRay(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < GROUPS_PER_SEED; i++) {
      List<NodeView> nodes = randomNodes(random);
      PlacementGroupSpec spec = randomGroup(random);
      String what = "seed " + seed + " group " + i + ": " + spec + " on " + nodes;
      RayOracle ray = new RayOracle(spec, nodes);

      assertAsRay(planner.find(spec, nodes, Map.of()), spec, ray, what);
      assertAsRay(hasty.find(spec, nodes, Map.of()), spec, ray, what + " without search");
    }
  }

  private static void assertAsRay(
      Optional<Planned> planned, PlacementGroupSpec spec, RayOracle ray, String what) {
    if (ray.outcomes().isEmpty()) {
      return;
    }
    if (spec.strategy() == PlacementStrategy.PACK) {
      assertThat(planned.isPresent() || ray.canFail()).as(what).isTrue();
      planned.ifPresent(
          plan ->
              assertThat(nodeCount(plan))
                  .as(what)
                  .isLessThanOrEqualTo(ray.mostNodes().orElseThrow()));
    } else if (!ray.canFail()) {
      assertThat(planned).as(what).isPresent();
      assertThat(ray.outcomes()).as(what).contains(Clusters.counts(planned.get()));
    }
  }

  /** Free GPUs of 8 nodes of 4, free CPUs of each, and GPUs and CPUs of each bundle. */
  static Stream<Arguments> scenarios() {
    String all = "4 4 4 4 4 4 4 4";
    return Stream.of(
        Arguments.of(all, 16, "1 1 1 1", 0),
        Arguments.of(all, 16, "1 1 1 1 1 1 1 1", 0),
        Arguments.of(all, 16, "4 4", 0),
        Arguments.of(all, 16, "2 2", 0),
        Arguments.of(all, 16, "1 1 4", 0),
        Arguments.of(all, 16, "0 0 0 0", 1),
        Arguments.of(all, 1, "1 1 1 1", 1),
        Arguments.of(all, 0, "1 1", 1),
        Arguments.of("3 1 4 0 0 0 0 0", 16, "1 1 1 1", 0),
        Arguments.of("3 2 1 0 0 0 0 0", 16, "1 1", 0),
        Arguments.of("4 3 2 1 0 0 0 0", 16, "2", 0),
        Arguments.of("1 1 1 1 1 1 1 1", 16, "1 1 1 1", 0),
        Arguments.of("4 2 0 0 0 0 0 0", 16, "2 2 2", 0),
        Arguments.of("4 4 0 0 0 0 0 0", 16, "1 1 1 1 1", 0),
        Arguments.of("2 2 2 2 2 2 2 2", 16, "1 1 1 1 1 1 1 1", 0),
        Arguments.of("2 3 0 0 0 0 0 0", 2, "2 1 1", 1));
  }

  @ParameterizedTest(name = "free {0}, {1} CPUs, bundles {2} with {3} CPUs")
  @MethodSource("scenarios")
  void find_nodesOfFour_asRay(String freeGpus, double freeCpus, String gpus, double cpus) {
    List<Integer> free = ints(freeGpus);
    List<NodeView> nodes =
        IntStream.range(0, free.size())
            .mapToObj(i -> Clusters.partlyFree(i, 4, free.get(i), freeCpus))
            .toList();
    List<Bundle> bundles =
        ints(gpus).stream()
            .map(gpu -> Bundle.of(Resources.of(Map.of("GPU", (double) gpu, "CPU", cpus))))
            .toList();
    for (PlacementStrategy strategy : PlacementStrategy.values()) {
      PlacementGroupSpec spec = new PlacementGroupSpec("g", "", bundles, strategy);
      RayOracle ray = new RayOracle(spec, nodes);
      Optional<Planned> planned = planner.find(spec, nodes, Map.of());

      assertThat(planned.isPresent()).as(spec.toString()).isEqualTo(!ray.outcomes().isEmpty());
      assertAsRay(planned, spec, ray, spec.toString());
    }
  }

  private static List<Integer> ints(String text) {
    return Stream.of(text.split(" ")).map(Integer::valueOf).toList();
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void find_withTimeToSearch_isNeverWorseThanRaysLuckiest(long seed) {
    SplittableRandom random = new SplittableRandom(1_000 + seed);
    for (int i = 0; i < GROUPS_PER_SEED; i++) {
      List<NodeView> nodes = randomNodes(random);
      PlacementGroupSpec spec = randomGroup(random);
      String what = "seed " + seed + " group " + i + ": " + spec + " on " + nodes;
      RayOracle ray = new RayOracle(spec, nodes);

      Optional<Planned> planned = planner.find(spec, nodes, Map.of());

      assertThat(planned.isPresent() || ray.outcomes().isEmpty()).as(what).isTrue();
      if (spec.strategy() == PlacementStrategy.PACK && !ray.outcomes().isEmpty()) {
        assertThat(planned.map(RayOracleTest::nodeCount).orElseThrow())
            .as(what)
            .isLessThanOrEqualTo(ray.fewestNodes().orElseThrow());
      }
    }
  }

  private static int nodeCount(Planned plan) {
    return (int) plan.nodeOfBundle().stream().distinct().count();
  }

  /** Up to 6 nodes, some full, some without GPUs, some with a custom resource. */
  private static List<NodeView> randomNodes(SplittableRandom random) {
    boolean custom = random.nextInt(4) == 0;
    boolean fewCpus = random.nextInt(3) == 0;
    return IntStream.range(0, random.nextInt(1, 7))
        .mapToObj(
            i -> {
              int gpus = random.nextInt(4) == 0 ? random.nextInt(9) : 4;
              int freeGpus = random.nextInt(gpus + 1);
              double cpus = fewCpus ? random.nextInt(4) : 1 + random.nextInt(16);
              double disks = custom ? random.nextInt(3) : 0;
              return node(i, gpus, freeGpus, Map.of("CPU", cpus, "disk", disks));
            })
        .toList();
  }

  private static NodeView node(int number, int gpus, int freeGpus, Map<String, Double> free) {
    NodeInfo plain = Clusters.node(number, gpus);
    NodeInfo info =
        new NodeInfo(
            plain.nodeId(),
            plain.address(),
            plain.roles(),
            plain.labels(),
            plain.total().plus(Resources.of("disk", 4)),
            plain.devices());
    List<Long> shares =
        IntStream.range(0, gpus).mapToObj(i -> i < freeGpus ? Resources.UNIT : 0L).toList();
    return new NodeView(info, Resources.of(free), shares, false);
  }

  private static PlacementGroupSpec randomGroup(SplittableRandom random) {
    boolean alike = random.nextInt(2) == 0;
    Bundle first = randomBundle(random);
    List<Bundle> bundles = new ArrayList<>();
    for (int i = random.nextInt(1, 8); i > 0; i--) {
      bundles.add(alike ? first : randomBundle(random));
    }
    PlacementStrategy[] strategies = PlacementStrategy.values();
    return new PlacementGroupSpec("g", "", bundles, strategies[random.nextInt(strategies.length)]);
  }

  private static Bundle randomBundle(SplittableRandom random) {
    int[] gpus = {0, 1, 1, 1, 1, 2, 2, 3, 4};
    Map<String, Double> amounts = new HashMap<>();
    amounts.put("GPU", (double) gpus[random.nextInt(gpus.length)]);
    amounts.put("CPU", random.nextInt(2) == 0 ? 0.0 : 1 + random.nextInt(3));
    amounts.put("disk", random.nextInt(8) == 0 ? 1.0 : 0.0);
    if (amounts.values().stream().allMatch(amount -> amount == 0)) {
      amounts.put("CPU", 0.5);
    }
    return Bundle.of(Resources.of(amounts));
  }
}
