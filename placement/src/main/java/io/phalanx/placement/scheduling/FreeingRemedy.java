package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Remedy;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What would have to become free, and on which nodes: for each bundle that finds no room the node
 * on which the least is missing.
 *
 * @param trials tries the cluster with it free
 * @param problem what was tried without
 */
record FreeingRemedy(Trials trials, GroupProblem problem) {

  Optional<Remedy> find(Explainer.Unplaced unplaced) {
    List<FreedNode> rooms = new ArrayList<>();
    for (NodeRoom room : unplaced.rooms()) {
      if (!problem.occupied().contains(room.view.nodeId())) {
        rooms.add(new FreedNode(room, problem.items().dimensions()));
      }
    }
    for (Item item : unplaced.items()) {
      FreedNode node = leastMissing(rooms, item);
      if (node == null) {
        return Optional.empty();
      }
      node.free(Demand.of(item.bundles(), problem.items().dimensions()));
      if (trials.spec().strategy() == PlacementStrategy.STRICT_SPREAD) {
        node.close();
      }
    }
    return verified(rooms);
  }

  private static @Nullable FreedNode leastMissing(List<FreedNode> rooms, Item item) {
    FreedNode best = null;
    double fewest = Double.POSITIVE_INFINITY;
    for (FreedNode node : rooms) {
      double missing = item.isAcceptedBy(node.room()) ? node.missing(item) : fewest;
      if (missing < fewest) {
        best = node;
        fewest = missing;
      }
    }
    return best;
  }

  private Optional<Remedy> verified(List<FreedNode> rooms) {
    Map<String, NodeView> freedViews = new HashMap<>();
    Map<String, Resources> freed = new TreeMap<>();
    for (FreedNode node : rooms) {
      if (!node.freed().isZero()) {
        freed.put(node.room().view.address(), node.freed());
        freedViews.put(node.room().view.nodeId(), node.view());
      }
    }
    List<NodeView> changed =
        trials.nodes().stream().map(node -> freedViews.getOrDefault(node.nodeId(), node)).toList();
    return !freed.isEmpty() && trials.fitsOn(changed)
        ? Optional.of(new Remedy.FreeResources(freed))
        : Optional.empty();
  }
}
