package io.phalanx.placement.scheduling;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.nodes;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.Explanation;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Infeasible;
import io.phalanx.placement.PlanResult.NoResources;
import io.phalanx.placement.PlanResult.Planned;
import java.util.Collections;
import java.util.List;

/** What tests of a {@link PlacementPlanner} share: the planner, and what they expect of it. */
abstract class PlannerFixture {
  final PlacementPlanner planner = new PlacementPlanner();

  Planned planned(PlacementGroupSpec spec, List<NodeView> nodes) {
    PlanResult result = planner.plan(spec, nodes);
    assertThat(result).isInstanceOf(Planned.class);
    return (Planned) result;
  }

  Explanation noResources(PlacementGroupSpec spec, List<NodeView> nodes) {
    PlanResult result = planner.plan(spec, nodes);
    assertThat(result).isInstanceOf(NoResources.class);
    return ((NoResources) result).explanation();
  }

  Explanation infeasible(PlacementGroupSpec spec, List<NodeView> nodes) {
    PlanResult result = planner.plan(spec, nodes);
    assertThat(result).isInstanceOf(Infeasible.class);
    return ((Infeasible) result).explanation();
  }

  static PlacementGroupSpec ones(int bundles, PlacementStrategy strategy) {
    return group(
        "g", strategy, Collections.nCopies(bundles, 1.0).stream().mapToDouble(d -> d).toArray());
  }

  static PlacementGroupSpec with(PlacementGroupSpec spec, PlacementOptions options) {
    return new PlacementGroupSpec(spec.id(), spec.name(), spec.bundles(), spec.strategy(), options);
  }
}
