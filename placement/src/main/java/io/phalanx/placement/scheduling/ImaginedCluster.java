package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Planned;
import java.util.ArrayList;
import java.util.List;

/**
 * A cluster on paper on which groups are placed one after the other: what one takes, the next ones
 * do not have. Used by one thread.
 */
public final class ImaginedCluster {
  private final PlacementPlanner planner = new PlacementPlanner();
  private final List<NodeView> nodes;

  /** Creates a cluster of these nodes, with what is free on them. */
  public ImaginedCluster(List<NodeView> nodes) {
    this.nodes = new ArrayList<>(nodes);
  }

  /** Returns the nodes with what is free on them now. */
  public List<NodeView> nodes() {
    return List.copyOf(nodes);
  }

  /** Plans a group and, if it fits, takes what it needs. */
  public PlanResult place(PlacementGroupSpec group) {
    PlanResult result = planner.plan(group, nodes());
    if (result instanceof Planned planned) {
      planned.sites().keySet().forEach(index -> take(group, index, planned));
    }
    return result;
  }

  private void take(PlacementGroupSpec group, int index, Planned planned) {
    nodes.replaceAll(
        view ->
            view.nodeId().equals(planned.site(index).nodeId())
                ? view.withTaken(
                    group.bundles().get(index).resources(), planned.site(index).deviceIndexes())
                : view);
  }
}
