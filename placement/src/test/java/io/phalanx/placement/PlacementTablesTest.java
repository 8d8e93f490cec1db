package io.phalanx.placement;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.nodes;
import static io.phalanx.placement.Clusters.partlyFree;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.scheduling.PlacementPlanner;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What people see of nodes, groups and plans. */
final class PlacementTablesTest {
  private static final PlacementGroupSpec SPEC = group("tiny", PlacementStrategy.PACK, 1, 0.5);

  @Test
  void nodes_showUseAndLogicalDevicesByAddress() {
    assertThat(PlacementTables.nodes(List.of(partlyFree(10, 2, 1, 15), partlyFree(9, 0, 0, 16))))
        .containsExactly(
            "NODE          ROLES   GPUS  CPUS  MEMORY  DEVICES",
            "127.0.0.1:9   worker  -     0/16  -       cpu",
            "127.0.0.1:10  worker  1/2   1/16  -       2 x cpu (logical L4)");
  }

  @Test
  void plan_showsBundleToNodeAndDevice() {
    List<NodeView> nodes = nodes(2, 2);
    PlanResult plan = new PlacementPlanner().plan(SPEC, nodes);

    assertThat(PlacementTables.plan(SPEC, plan, nodes))
        .containsExactly(
            "bundle 0  {GPU 1}    -> 127.0.0.1:1  gpu 0: cpu (logical L4)",
            "bundle 1  {GPU 0.5}  -> 127.0.0.1:1  gpu 1: cpu (logical L4)");
  }

  @Test
  void plan_perhapsNotOptimal_saysSo() {
    PlanResult plan =
        new PlanResult.Planned(
            Map.of(0, new BundleSite("gone", List.of(3)), 1, new BundleSite("gone", List.of(3))),
            false);

    assertThat(PlacementTables.plan(SPEC, plan, List.of()))
        .containsExactly(
            "bundle 0  {GPU 1}    -> gone  gpu 3",
            "bundle 1  {GPU 0.5}  -> gone  gpu 3",
            "fewer nodes may do: the search for the fewest ran out of time");
  }

  @Test
  void plan_impossible_explains() {
    PlanResult plan = new PlacementPlanner().plan(SPEC, List.of());

    assertThat(PlacementTables.plan(SPEC, plan, List.of()).get(0))
        .isEqualTo("there is no worker node yet");
  }

  @Test
  void groups_waiting_showWhy() {
    Explanation why =
        new Explanation(
            "no room", List.of(), List.of(new Remedy.UseStrategy(PlacementStrategy.PACK)));
    GroupView view =
        new GroupView(
            SPEC,
            GroupState.PENDING,
            SchedulingDetail.NO_RESOURCES,
            List.of(),
            why,
            GroupStats.NONE);

    assertThat(PlacementTables.groups(List.of(view), List.of()))
        .containsExactly(
            "tiny  PENDING  PACK, 0 of 2 bundles placed",
            "  no room",
            "    would fit with strategy PACK");
  }
}
