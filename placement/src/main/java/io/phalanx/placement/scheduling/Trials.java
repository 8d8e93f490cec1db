package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import java.util.List;
import java.util.Map;

/** Tries whether a group would fit after a change; a limited number of times. */
final class Trials {
  private static final int MOST_NODES_PLANNED = 20_000;
  private static final int FEWEST = 10;
  private static final int MOST = 200;

  private final PlacementPlanner planner;
  private final PlacementGroupSpec spec;
  private final List<NodeView> nodes;
  private final Map<Integer, String> placed;
  private int left;

  Trials(
      PlacementPlanner planner,
      PlacementGroupSpec spec,
      List<NodeView> nodes,
      Map<Integer, String> placed) {
    this.planner = planner.hasty();
    this.spec = spec;
    this.nodes = nodes;
    this.placed = placed;
    this.left = Math.max(FEWEST, MOST_NODES_PLANNED / Math.max(nodes.size(), 1));
    this.left = Math.min(left, MOST);
  }

  /** Returns the group as it was asked for. */
  PlacementGroupSpec spec() {
    return spec;
  }

  /** Returns the nodes as they are. */
  List<NodeView> nodes() {
    return nodes;
  }

  /** Returns as many further trials. */
  Trials more() {
    return new Trials(planner, spec, nodes, placed);
  }

  /** Returns whether there is none left. */
  boolean isUsedUp() {
    return left <= 0;
  }

  /** Returns whether the group would fit on other nodes. */
  boolean fitsOn(List<NodeView> changed) {
    return left-- > 0 && planner.find(spec, changed, placed).isPresent();
  }

  /** Returns whether another group would fit in its place. */
  boolean fits(PlacementGroupSpec changed) {
    return left-- > 0 && planner.find(changed, nodes, placed).isPresent();
  }
}
