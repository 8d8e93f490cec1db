package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The bundles of one group that are to be placed and the nodes that they may go to. */
final class GroupProblem {
  private final PlacementGroupSpec spec;
  private final List<String> dimensions;
  private final List<NodeRoom> rooms;
  private final Set<String> occupied;
  private final List<Integer> unplaced;

  /**
   * Creates the problem.
   *
   * @param nodes those that may take bundles, by address
   * @param placed bundle index to node id, of the bundles that stay
   */
  GroupProblem(PlacementGroupSpec spec, List<NodeView> nodes, Map<Integer, String> placed) {
    this.spec = spec;
    this.dimensions = Dimensions.ofNode(spec.bundles());
    this.rooms = nodes.stream().map(node -> new NodeRoom(node, dimensions)).toList();
    this.occupied = new HashSet<>(placed.values());
    this.unplaced =
        IntStream.range(0, spec.bundles().size())
            .boxed()
            .filter(index -> !placed.containsKey(index))
            .toList();
  }

  List<String> dimensions() {
    return dimensions;
  }

  List<NodeRoom> rooms() {
    return rooms;
  }

  Set<String> occupied() {
    return occupied;
  }

  /** Returns the bundles to be placed, one each, scarcest first. */
  List<Item> singles() {
    return sorted(unplaced.stream().map(index -> Item.of(List.of(index), spec.bundles())).toList());
  }

  /** Returns the bundles to be placed in items of {@code size} that belong together. */
  List<Item> blocks(int size) {
    return sorted(Item.blocks(unplaced, spec.bundles(), size));
  }

  private List<Item> sorted(List<Item> items) {
    return items.stream().sorted(Item.byScarcity(Dimensions.of(spec.bundles()))).toList();
  }

  /** Returns all bundles to be placed as one item. */
  Item whole() {
    return Item.of(unplaced, spec.bundles());
  }

  PackPlan packPlan(Deadline deadline) {
    return new PackPlan(rooms, occupied, dimensions, deadline);
  }

  SpreadPlan spreadPlan() {
    return new SpreadPlan(rooms, occupied, dimensions);
  }

  StrictSpreadPlan strictSpreadPlan() {
    return new StrictSpreadPlan(rooms, occupied, dimensions);
  }

  /** Returns the nodes that the whole group may lie on; if a part has its node, only that one. */
  List<NodeRoom> strictPackRooms() {
    return rooms.stream()
        .filter(room -> occupied.isEmpty() || occupied.equals(Set.of(room.view.nodeId())))
        .toList();
  }

  boolean isSoftTarget(NodeRoom room) {
    return spec.options().softTargetNode().equals(Optional.of(room.view.nodeId()));
  }

  /** Returns the plan with devices chosen; empty if the devices of a node cannot be cut so. */
  Optional<Planned> toPlan(Map<Item, NodeRoom> roomOf, boolean optimal) {
    Map<NodeRoom, List<Integer>> bundlesOf =
        roomOf.entrySet().stream()
            .collect(
                Collectors.groupingBy(
                    Map.Entry::getValue,
                    Collectors.flatMapping(
                        entry -> entry.getKey().indexes().stream(), Collectors.toList())));
    Map<Integer, BundleSite> sites = new HashMap<>();
    for (Map.Entry<NodeRoom, List<Integer>> entry : bundlesOf.entrySet()) {
      if (!chooseDevices(entry.getKey(), entry.getValue(), sites)) {
        return Optional.empty();
      }
    }
    return Optional.of(new Planned(sites, optimal));
  }

  /** Whole devices go in bundle order; then the shares, the largest first. */
  private boolean chooseDevices(
      NodeRoom node, List<Integer> indexes, Map<Integer, BundleSite> sites) {
    NodeRoom room = node.copy();
    Comparator<Integer> wholeFirst = Comparator.comparing(index -> gpus(index) < Resources.UNIT);
    Comparator<Integer> order =
        wholeFirst
            .thenComparing(index -> gpus(index) < Resources.UNIT ? -gpus(index) : 0)
            .thenComparing(Comparator.naturalOrder());
    for (int index : indexes.stream().sorted(order).toList()) {
      List<Integer> devices = gpus(index) == 0 ? List.of() : room.takeDevicesOf(gpus(index));
      if (devices.isEmpty() && gpus(index) > 0) {
        return false;
      }
      sites.put(index, new BundleSite(node.view.nodeId(), devices));
    }
    return true;
  }

  private long gpus(int index) {
    Bundle bundle = spec.bundles().get(index);
    return bundle.resources().get(Resources.GPU);
  }
}
