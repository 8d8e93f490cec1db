package io.phalanx.placement.scheduling;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.node;
import static io.phalanx.placement.Clusters.nodes;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.SPREAD;
import static io.phalanx.placement.PlacementStrategy.STRICT_PACK;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.ClusterChange;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Infeasible;
import io.phalanx.placement.PlanResult.NoResources;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Groups within one value of a label, before and after losses; and plans on imagined clusters. */
final class TopologyAndWhatIfTest {
  private final PlacementPlanner planner = new PlacementPlanner();

  /** Nodes 1, 2, ... of two GPUs each, in these racks; "" for none. */
  private static List<NodeView> racks(String... racks) {
    return IntStream.range(0, racks.length)
        .mapToObj(i -> node(i + 1, 2, racks[i].isEmpty() ? Map.of() : Map.of("rack", racks[i])))
        .map(NodeView::empty)
        .toList();
  }

  private static PlacementGroupSpec inOneRack(PlacementStrategy strategy, int bundles) {
    double[] ones = new double[bundles];
    Arrays.fill(ones, 1);
    PlacementGroupSpec plain = group("g", strategy, ones);
    PlacementOptions rack = new PlacementOptions(1, Optional.of("rack"), Optional.empty(), true);
    return new PlacementGroupSpec("g", "", plain.bundles(), strategy, rack);
  }

  @Test
  void topology_someLost_onlyTheSameRackWillDo() {
    List<NodeView> nodes = racks("a", "b", "b", "b");
    PlacementGroupSpec spec = inOneRack(PACK, 2);

    Optional<Planned> planned = planner.find(spec, nodes, Map.of(0, "node-1"));

    assertThat(planned.orElseThrow().nodeOfBundle()).containsExactly("node-1");
    PlanResult none = planner.plan(inOneRack(PACK, 4), nodes, Map.of(0, "node-1"));
    assertThat(((NoResources) none).explanation().lines())
        .contains(
            "  bundles 1, 2, 3 on 127.0.0.1:2, 127.0.0.1:3, 127.0.0.1:4: the group's other bundles"
                + " lie in rack a");
  }

  @Test
  void topology_allLost_theWholeGroupMaySettleElsewhere() {
    Optional<Planned> planned = planner.find(inOneRack(PACK, 4), racks("b", "b"), Map.of());

    assertThat(planned.orElseThrow().nodeOfBundle())
        .containsExactly("node-1", "node-1", "node-2", "node-2");
  }

  @Test
  void topology_survivorOnADrainingNode_keepsTheRack() {
    List<NodeView> nodes = racks("a", "a", "b");
    List<NodeView> drained = List.of(nodes.get(0).withDraining(true), nodes.get(1), nodes.get(2));

    Optional<Planned> planned = planner.find(inOneRack(PACK, 3), drained, Map.of(0, "node-1"));

    assertThat(planned.orElseThrow().nodeOfBundle()).containsExactly("node-2", "node-2");
  }

  @Test
  void topology_survivorOnAnUnknownNode_waits() {
    PlanResult result = planner.plan(inOneRack(PACK, 2), racks("a", "b"), Map.of(0, "away"));

    assertThat(((NoResources) result).explanation().lines())
        .contains(
            "  bundle 1 on 127.0.0.1:1, 127.0.0.1:2: the rack of the group's other bundles is not"
                + " known now");
  }

  @Test
  void topology_spread_takesTheRackWithTheMostNodes() {
    List<NodeView> nodes = racks("a", "b", "b", "b");

    assertThat(planner.find(inOneRack(SPREAD, 2), nodes, Map.of()).orElseThrow().nodeOfBundle())
        .containsExactly("node-2", "node-3");
    assertThat(planner.find(inOneRack(PACK, 2), nodes, Map.of()).orElseThrow().nodeOfBundle())
        .containsExactly("node-1", "node-1");
  }

  @Test
  void topology_nodeWithoutTheLabel_isNamed() {
    PlanResult result = planner.plan(inOneRack(PACK, 3), racks("a", ""));

    assertThat(((Infeasible) result).explanation().lines())
        .contains("  bundles 0, 1, 2 on 127.0.0.1:2: has no label rack")
        .contains("  or without topology label rack");
  }

  @Test
  void whatIf_nodeAdded_fits() {
    ClusterChange change = new ClusterChange(List.of(node(9, 4)), Set.of(), Set.of());

    PlanResult result = planner.whatIf(group("g", STRICT_PACK, 2, 2), nodes(2, 2), change);

    assertThat(((Planned) result).nodeOfBundle()).containsExactly("node-9", "node-9");
  }

  @Test
  void whatIf_nodeRemovedOrDrained_takesNothing() {
    PlacementGroupSpec spec = group("g", PACK, 1, 1);
    ClusterChange removed = new ClusterChange(List.of(), Set.of("127.0.0.1:1"), Set.of());
    ClusterChange drained = new ClusterChange(List.of(), Set.of("node-2"), Set.of("node-1"));

    assertThat(((Planned) planner.whatIf(spec, nodes(2, 2), removed)).nodeOfBundle())
        .containsExactly("node-2", "node-2");
    assertThat(planner.whatIf(spec, nodes(2, 2), drained)).isInstanceOf(Infeasible.class);
    assertThat(planner.whatIf(spec, nodes(2, 2), ClusterChange.NONE)).isInstanceOf(Planned.class);
  }

  @Test
  void whatIf_unknownNode_isNamedAndNothingIsPlanned() {
    ClusterChange change = new ClusterChange(List.of(), Set.of("127.0.0.1:3"), Set.of());

    PlanResult result = planner.whatIf(group("g", PACK, 1), nodes(2, 2), change);

    assertThat(((Infeasible) result).explanation().summary())
        .isEqualTo("there is no node [127.0.0.1:3]; the nodes are 127.0.0.1:1, 127.0.0.1:2");
  }

  @Test
  void takenAndFreed_areOpposites() {
    NodeView node = nodes(2).get(0);
    Resources resources = Resources.of(Map.of("GPU", 0.5, "CPU", 2.0));

    NodeView taken = node.withTaken(resources, List.of(1));

    assertThat(taken.freeOfDevice()).containsExactly(10_000L, 5_000L);
    assertThat(taken.free()).isEqualTo(Resources.of("CPU", 14));
    assertThat(taken.withFreed(resources, List.of(1))).isEqualTo(node);
  }
}
