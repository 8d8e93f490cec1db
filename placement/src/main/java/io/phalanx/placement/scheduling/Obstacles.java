package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.Explanation.Obstacle;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Collects why bundles do not go to nodes, and joins what has the same reason. */
final class Obstacles {
  private final Map<List<Object>, SortedSet<Integer>> bundlesOf = new LinkedHashMap<>();

  /** Notes that {@code indexes} cannot go to the node, for {@code reason}. */
  void add(List<Integer> indexes, NodeView node, String reason) {
    List<Object> key = List.of(node.address(), reason);
    bundlesOf.computeIfAbsent(key, unused -> new TreeSet<>()).addAll(indexes);
  }

  List<Obstacle> toList() {
    Map<List<Object>, List<String>> addressesOf = new LinkedHashMap<>();
    bundlesOf.forEach(
        (key, bundles) ->
            addressesOf
                .computeIfAbsent(
                    List.of(List.copyOf(bundles), key.get(1)), unused -> new ArrayList<>())
                .add(key.get(0).toString()));
    List<Obstacle> obstacles = new ArrayList<>();
    addressesOf.forEach((key, addresses) -> obstacles.add(obstacle(key, addresses)));
    return obstacles;
  }

  private static Obstacle obstacle(List<Object> key, List<String> addresses) {
    List<Integer> bundles = new ArrayList<>();
    for (Object index : (List<?>) key.get(0)) {
      bundles.add((Integer) index);
    }
    return new Obstacle(bundles, addresses, key.get(1).toString());
  }

  /**
   * Returns why a node does not take some bundles together, such as {@code needs GPU 1, free 0 of
   * 2}; "" if it does.
   *
   * @param bundles what is asked for
   * @param room what is left on the node
   * @param dimensions the names counted per node, as {@code room} has them
   */
  static String reason(List<Bundle> bundles, NodeRoom room, List<String> dimensions) {
    NodeView node = room.view;
    for (Bundle bundle : bundles) {
      String unmet = bundle.unmetCondition(node.node().labels());
      if (!unmet.isEmpty()) {
        return unmet;
      }
    }
    Demand demand = Demand.of(bundles, dimensions);
    List<String> reasons = new ArrayList<>();
    if (demand.gpus() > room.freeGpus()) {
      reasons.add(shortage(Resources.GPU, demand.gpus(), room.freeGpus(), node));
    }
    for (int d = 0; d < dimensions.size(); d++) {
      if (demand.amount(d) > room.free(d)) {
        reasons.add(shortage(dimensions.get(d), demand.amount(d), room.free(d), node));
      }
    }
    if (reasons.isEmpty() && !room.fits(demand)) {
      reasons.add(
          "needs GPU %s, free %s but in shares of several devices"
              .formatted(Resources.text(demand.gpus()), Resources.text(room.freeGpus())));
    }
    return String.join("; ", reasons);
  }

  private static String shortage(String name, long needed, long free, NodeView node) {
    long total = node.node().total().get(name);
    String need = "needs " + name + " " + Resources.text(name, needed);
    return total == 0
        ? need + ", has none"
        : "%s, free %s of %s"
            .formatted(need, Resources.text(name, free), Resources.text(name, total));
  }

  static String bundlesText(List<Integer> indexes) {
    return (indexes.size() == 1 ? "bundle " : "bundles ")
        + indexes.stream().sorted().map(String::valueOf).collect(Collectors.joining(", "));
  }
}
