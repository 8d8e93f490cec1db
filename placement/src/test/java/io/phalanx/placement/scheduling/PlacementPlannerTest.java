package io.phalanx.placement.scheduling;

import static io.phalanx.placement.Clusters.counts;
import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static io.phalanx.placement.Clusters.nodes;
import static io.phalanx.placement.Clusters.partlyFree;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.SPREAD;
import static io.phalanx.placement.PlacementStrategy.STRICT_PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlanResult.Infeasible;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The choices of {@link PlacementPlanner} beyond what Ray fixes. */
final class PlacementPlannerTest extends PlannerFixture {
  @Test
  void pack_eightBundlesOnTwoNodes_areContiguousWithTheirDevices() {
    Planned planned = planned(ones(8, PACK), nodes(4, 4));

    for (int bundle = 0; bundle < 8; bundle++) {
      String node = bundle < 4 ? "node-1" : "node-2";
      assertThat(planned.site(bundle)).isEqualTo(new BundleSite(node, List.of(bundle % 4)));
    }
  }

  @Test
  void pack_noNodeHoldsAll_spills() {
    assertThat(counts(planned(ones(4, PACK), nodes(2, 2)))).containsExactly(2, 2);
  }

  @Test
  void pack_replicaAndWorkers_keepsBundleOrder() {
    List<Bundle> bundles = new ArrayList<>();
    bundles.add(Bundle.of(Resources.of(Map.of("GPU", 1.0, "CPU", 1.0))));
    bundles.addAll(Collections.nCopies(3, Bundle.ofGpus(1)));

    Planned planned = planned(new PlacementGroupSpec("g", "", bundles, PACK), nodes(2, 2));

    assertThat(planned.nodeOfBundle()).containsExactly("node-1", "node-1", "node-2", "node-2");
  }

  @Test
  void pack_smallGroup_leavesTheLargeNodeWhole() {
    assertThat(planned(ones(2, PACK), nodes(8, 4, 2)).nodeOfBundle())
        .containsExactly("node-3", "node-3");
  }

  /** Filling a node with the largest first, {4, 4}, leaves 3 + 3 + 3 and a further 3. */
  private static final PlacementGroupSpec HARD = group("g", PACK, 4, 4, 3, 3, 3, 3);

  @Test
  void pack_greedyWouldNeedThreeNodes_findsTwo() {
    Planned planned = planned(HARD, nodes(10, 10, 10));

    assertThat(counts(planned)).containsExactly(3, 3);
    assertThat(planned.optimal()).isTrue();
  }

  @Test
  void pack_noTimeToSearch_takesTheGreedyPlanAndSaysSo() {
    PlacementPlanner hasty = new PlacementPlanner(Duration.ZERO, () -> 0);

    Planned planned = hasty.find(HARD, nodes(10, 10, 10), Map.of()).orElseThrow();

    assertThat(counts(planned)).hasSize(3);
    assertThat(planned.optimal()).isFalse();
  }

  @Test
  void pack_bundlesThatBelongTogether_areNotCutWhereItCostsNothing() {
    List<NodeView> nodes = nodes(3, 3, 2);
    PlacementGroupSpec spec = with(ones(4, PACK), PlacementOptions.DEFAULT.withKeepTogether(2));

    List<String> nodeOf = planned(spec, nodes).nodeOfBundle();

    assertThat(nodeOf.get(0)).isEqualTo(nodeOf.get(1));
    assertThat(nodeOf.get(2)).isEqualTo(nodeOf.get(3));
    assertThat(nodeOf.stream().distinct()).hasSize(2);
  }

  @Test
  void pack_bundlesThatBelongTogetherExceedANode_areCut() {
    PlacementGroupSpec spec = with(ones(8, PACK), PlacementOptions.DEFAULT.withKeepTogether(8));

    assertThat(counts(planned(spec, nodes(4, 4)))).containsExactly(4, 4);
  }

  @Test
  void pack_someLost_prefersTheNodesOfTheSurvivors() {
    Optional<Planned> planned =
        planner.find(
            ones(3, PACK),
            List.of(partlyFree(1, 4, 1, 16), partlyFree(2, 4, 2, 16)),
            Map.of(0, "node-2"));

    assertThat(planned).isPresent();
    assertThat(planned.get().sites()).containsOnlyKeys(1, 2);
    assertThat(planned.get().nodeOfBundle()).containsOnly("node-2");
  }

  @Test
  void strictSpread_someLost_avoidsTheNodesOfTheSurvivors() {
    Optional<Planned> planned =
        planner.find(ones(2, STRICT_SPREAD), nodes(4, 4), Map.of(1, "node-1"));

    assertThat(planned.orElseThrow().nodeOfBundle()).containsExactly("node-2");
  }

  @Test
  void strictSpread_smallBundleTookTheLargeNodeFirst_isRematched() {
    PlacementGroupSpec spec =
        new PlacementGroupSpec(
            "g",
            "",
            List.of(
                Bundle.of(Resources.of(Map.of("GPU", 1.0, "CPU", 10.0))),
                Bundle.of(Resources.of(Map.of("GPU", 2.0)))),
            STRICT_SPREAD);

    Planned planned = planned(spec, List.of(partlyFree(1, 2, 2, 2), partlyFree(2, 2, 2, 16)));

    assertThat(planned.nodeOfBundle()).containsExactly("node-2", "node-1");
  }

  @Test
  void spread_greedyPaintsItselfIntoACorner_isSearchedFurther() {
    Planned planned = planned(group("g", SPREAD, 3, 2, 2), nodes(4, 3));

    assertThat(planned.nodeOfBundle()).containsExactly("node-2", "node-1", "node-1");
  }

  @Test
  void strictPack_prefersTheTightestNode_orTheSoftTarget() {
    PlacementGroupSpec spec = ones(2, STRICT_PACK);
    PlacementOptions target =
        new PlacementOptions(1, Optional.empty(), Optional.of("node-1"), true);

    assertThat(planned(spec, nodes(4, 2)).nodeOfBundle()).containsOnly("node-2");
    assertThat(planned(with(spec, target), nodes(4, 2)).nodeOfBundle()).containsOnly("node-1");
  }

  @Test
  void shares_fillOneDeviceBeforeTheNext() {
    Planned planned = planned(group("g", PACK, 0.5, 0.5, 1, 0.5), nodes(4));

    assertThat(planned.site(2).deviceIndexes()).containsExactly(0);
    assertThat(planned.site(0).deviceIndexes()).containsExactly(1);
    assertThat(planned.site(1).deviceIndexes()).containsExactly(1);
    assertThat(planned.site(3).deviceIndexes()).containsExactly(2);
  }

  @Test
  void shares_neverSpanDevices() {
    Explanation why = infeasible(group("g", STRICT_PACK, 0.6, 0.6, 0.6), nodes(2));

    assertThat(why.obstacles().get(0).reason())
        .isEqualTo("needs GPU 1.8, free 2 but in shares of several devices");
  }

  @Test
  void labels_selectNodes() {
    List<NodeView> nodes =
        List.of(
            NodeView.empty(node(1, 4, Map.of("accelerator-type", "A100"))),
            NodeView.empty(node(2, 4, Map.of("accelerator-type", "L4"))));
    PlacementGroupSpec spec = labelled("accelerator-type", "L4");

    assertThat(planned(spec, nodes).nodeOfBundle()).containsExactly("node-2");
    assertThat(planned(labelled("accelerator-type", "!in(L4,H100)"), nodes).nodeOfBundle())
        .containsExactly("node-1");
    Explanation why = infeasible(labelled("accelerator-type", "H100"), nodes);
    assertThat(why.obstacles().get(0).toString())
        .isEqualTo("bundle 0 on 127.0.0.1:1: needs accelerator-type H100, has A100");
    assertThat(why.remedyLines())
        .containsExactly(
            "would fit with 1 more node of GPU 1 labelled accelerator-type = H100",
            "or without the bundles' condition on label accelerator-type");
  }

  private static PlacementGroupSpec labelled(String label, String condition) {
    Bundle bundle = new Bundle(Resources.ofGpus(1), Map.of(label, condition));
    return new PlacementGroupSpec("g", "", List.of(bundle), PACK);
  }

  @Test
  void topology_keepsAllBundlesInOneDomain() {
    List<NodeView> nodes =
        IntStream.rangeClosed(1, 4)
            .mapToObj(
                i -> NodeView.empty(node(i, i == 1 ? 1 : 2, Map.of("rack", i < 3 ? "a" : "b"))))
            .toList();
    PlacementOptions oneRack = new PlacementOptions(1, Optional.of("rack"), Optional.empty(), true);

    assertThat(planned(with(ones(4, PACK), oneRack), nodes).nodeOfBundle())
        .containsExactly("node-3", "node-3", "node-4", "node-4");
    assertThat(planner.plan(with(ones(5, PACK), oneRack), nodes)).isInstanceOf(Infeasible.class);
  }

  @Test
  void draining_takesNothing() {
    NodeView draining =
        new NodeView(node(1, 2), Resources.of("CPU", 16), nodes(2).get(0).freeOfDevice(), true);

    Explanation why = infeasible(ones(1, PACK), List.of(draining));

    assertThat(why.obstacles().get(0).reason()).isEqualTo("is draining");
  }

  @Test
  void ties_goByAddressAsPeopleReadIt() {
    List<NodeView> shuffled = new ArrayList<>(nodes(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    Collections.reverse(shuffled);

    assertThat(planned(ones(3, STRICT_SPREAD), shuffled).nodeOfBundle())
        .containsExactly("node-1", "node-2", "node-3");
    assertThat(planned(ones(3, PACK), shuffled).nodeOfBundle())
        .containsExactly("node-1", "node-2", "node-3");
  }
}
