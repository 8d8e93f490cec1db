package io.phalanx.placement.scheduling;

import io.phalanx.placement.BundleSite;
import io.phalanx.placement.NodeView;
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
  private final GroupItems items;
  private final List<NodeRoom> rooms;
  private final Set<String> occupied;

  /**
   * Creates the problem.
   *
   * @param nodes those that may take bundles, by address
   * @param placed bundle index to node id, of the bundles that stay
   */
  GroupProblem(GroupItems items, List<NodeView> nodes, Map<Integer, String> placed) {
    this.items = items;
    this.rooms =
        IntStream.range(0, nodes.size())
            .mapToObj(i -> new NodeRoom(nodes.get(i), i, items.dimensions()))
            .toList();
    this.occupied = new HashSet<>(placed.values());
  }

  GroupItems items() {
    return items;
  }

  List<NodeRoom> rooms() {
    return rooms;
  }

  /** Returns the ids of the nodes that hold bundles of the group. */
  Set<String> occupied() {
    return occupied;
  }

  PackPlan packPlan(Deadline deadline) {
    return new PackPlan(rooms, occupied, items.dimensions(), deadline);
  }

  SpreadPlan spreadPlan() {
    return new SpreadPlan(rooms, occupied, items.dimensions());
  }

  StrictSpreadPlan strictSpreadPlan() {
    return new StrictSpreadPlan(rooms, occupied, items.dimensions());
  }

  /** Returns the nodes that the whole group may lie on; if a part has its node, only that one. */
  List<NodeRoom> strictPackRooms() {
    return rooms.stream().filter(this::isStrictPackRoom).toList();
  }

  boolean isStrictPackRoom(NodeRoom room) {
    return occupied.isEmpty() || occupied.equals(Set.of(room.view.nodeId()));
  }

  /** Returns the node that holds the whole group with the least room to spare. */
  Optional<Map<Item, NodeRoom>> strictPack() {
    Item all = items.whole();
    ItemTypes types = new ItemTypes(List.of(all), rooms, items.dimensions());
    Comparator<NodeRoom> softTargetFirst = Comparator.comparing(room -> !isSoftTarget(room));
    return strictPackRooms().stream()
        .filter(room -> types.fits(0, room))
        .min(softTargetFirst.thenComparingLong(NodeRoom::freeGpus))
        .map(room -> Map.of(all, room));
  }

  private boolean isSoftTarget(NodeRoom room) {
    return items.spec().options().softTargetNode().equals(Optional.of(room.view.nodeId()));
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
    return items.bundles().get(index).resources().get(Resources.GPU);
  }
}
