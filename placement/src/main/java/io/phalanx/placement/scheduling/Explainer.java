package io.phalanx.placement.scheduling;

import io.phalanx.placement.Explanation;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Infeasible;
import io.phalanx.placement.PlanResult.NoResources;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Says in words why a group has no plan, bundle by bundle and node by node. */
final class Explainer {
  private final PlacementPlanner planner;
  private final PlacementGroupSpec spec;
  private final List<NodeView> nodes;
  private final List<NodeView> usable;
  private final Map<Integer, String> placed;
  private final Optional<Domains> domains;
  private final GroupProblem problem;
  private final Obstacles obstacles = new Obstacles();

  Explainer(
      PlacementPlanner planner,
      PlacementGroupSpec spec,
      List<NodeView> nodes,
      Map<Integer, String> placed) {
    this.planner = planner;
    this.spec = spec;
    this.nodes = nodes;
    this.usable = PlacementPlanner.usable(nodes);
    this.placed = placed;
    this.domains =
        spec.options().topologyLabel().map(label -> new Domains(label, nodes, usable, placed));
    this.problem =
        new GroupProblem(
            new GroupItems(spec, placed.keySet()),
            domains.map(Explainer::nodesOfBest).orElse(usable),
            placed);
  }

  PlanResult explain(List<Occupant> occupants) {
    List<NodeView> empty = usable.stream().map(node -> NodeView.empty(node.node())).toList();
    boolean feasible = planner.find(spec, empty, Map.of()).isPresent();
    nodes.stream()
        .filter(NodeView::draining)
        .forEach(node -> obstacles.add(problem.items().whole().indexes(), node, "is draining"));
    domains.ifPresent(this::noteOtherDomains);
    Unplaced unplaced =
        switch (spec.strategy()) {
          case STRICT_PACK -> onOneNode();
          case STRICT_SPREAD -> onOwnNodes();
          case PACK, SPREAD -> anywhere();
        };
    Explanation explanation =
        new Explanation(
            summary(unplaced.items(), feasible),
            obstacles.toList(),
            new Remedies(planner, spec, nodes, placed).find(unplaced, problem, occupants));
    return feasible ? new NoResources(explanation) : new Infeasible(explanation);
  }

  /**
   * Items that find no room.
   *
   * @param items the items
   * @param rooms the nodes that they may go to, with what is left there
   */
  record Unplaced(List<Item> items, List<NodeRoom> rooms) {}

  /** With a topology label, only the value that comes closest is looked at. */
  private static List<NodeView> nodesOfBest(Domains domains) {
    return domains.candidates().values().stream()
        .max(Comparator.comparingLong(Explainer::freeGpus))
        .orElse(List.of());
  }

  private static long freeGpus(List<NodeView> domain) {
    return domain.stream().mapToLong(node -> node.freeWithGpus().get(Resources.GPU)).sum();
  }

  private void noteOtherDomains(Domains divided) {
    List<NodeView> looked = problem.rooms().stream().map(room -> room.view).toList();
    String label = divided.label();
    for (NodeView node : usable) {
      String value = node.node().labels().get(label);
      if (value == null) {
        obstacles.add(problem.items().whole().indexes(), node, "has no label " + label);
      } else if (!looked.contains(node)) {
        String reason =
            divided.isUnknown()
                ? "the %s of the group's other bundles is not known now".formatted(label)
                : divided
                    .pinned()
                    .map(pin -> "the group's other bundles lie in %s %s".formatted(label, pin))
                    .orElse("%s %s has less room than another".formatted(label, value));
        obstacles.add(problem.items().whole().indexes(), node, reason);
      }
    }
  }

  private Unplaced onOneNode() {
    Item all = problem.items().whole();
    for (NodeRoom room : problem.rooms()) {
      String reason = Obstacles.reason(all.bundles(), room, problem.items().dimensions());
      obstacles.add(
          all.indexes(),
          room.view,
          problem.isStrictPackRoom(room) ? reason : "the group's other bundles lie elsewhere");
    }
    return new Unplaced(List.of(all), problem.strictPackRooms());
  }

  private Unplaced onOwnNodes() {
    Map<Item, NodeRoom> own = problem.strictSpreadPlan().placeWhatFits(problem.items().singles());
    Map<NodeRoom, Item> itemOf = new HashMap<>();
    own.forEach((item, room) -> itemOf.put(room, item));
    List<Item> homeless = without(problem.items().singles(), own);
    for (Item item : homeless) {
      for (NodeRoom room : problem.rooms()) {
        String reason = Obstacles.reason(item.bundles(), room, problem.items().dimensions());
        Item other = itemOf.get(room);
        if (problem.occupied().contains(room.view.nodeId())) {
          reason = "holds another bundle of the group";
        } else if (reason.isEmpty() && other != null) {
          reason = "is needed for bundle " + other.first();
        }
        obstacles.add(item.indexes(), room.view, reason);
      }
    }
    List<NodeRoom> rest =
        problem.rooms().stream()
            .filter(room -> !itemOf.containsKey(room))
            .filter(room -> !problem.occupied().contains(room.view.nodeId()))
            .toList();
    return new Unplaced(homeless, rest);
  }

  /** Places bundle after bundle where one first fits; what is left over finds no room. */
  private Unplaced anywhere() {
    Map<Item, NodeRoom> placedNow = new HashMap<>();
    List<NodeRoom> rest = problem.rooms().stream().map(NodeRoom::copy).toList();
    for (Item item : problem.items().singles()) {
      Demand demand = Demand.of(item.bundles(), problem.items().dimensions());
      rest.stream()
          .filter(room -> item.isAcceptedBy(room) && room.take(demand))
          .findFirst()
          .ifPresent(room -> placedNow.put(item, room));
    }
    List<Item> homeless = without(problem.items().singles(), placedNow);
    Map<NodeRoom, String> besides = besides(placedNow);
    for (List<Item> equal : equalOnes(homeless)) {
      List<Integer> indexes = equal.stream().map(Item::first).toList();
      for (NodeRoom room : rest) {
        String reason =
            Obstacles.reason(equal.get(0).bundles(), room, problem.items().dimensions());
        obstacles.add(indexes, room.view, reason + besides.getOrDefault(room, ""));
      }
    }
    return new Unplaced(homeless, rest);
  }

  private static Iterable<List<Item>> equalOnes(List<Item> items) {
    return items.stream()
        .collect(Collectors.groupingBy(Item::bundles, LinkedHashMap::new, Collectors.toList()))
        .values();
  }

  private static Map<NodeRoom, String> besides(Map<Item, NodeRoom> placedNow) {
    Map<NodeRoom, List<Integer>> here = new HashMap<>();
    placedNow.forEach(
        (item, room) -> here.computeIfAbsent(room, r -> new ArrayList<>()).add(item.first()));
    Map<NodeRoom, String> besides = new HashMap<>();
    here.forEach((room, bundles) -> besides.put(room, " beside " + Obstacles.bundlesText(bundles)));
    return besides;
  }

  private static List<Item> without(List<Item> items, Map<Item, NodeRoom> placed) {
    return items.stream().filter(item -> !placed.containsKey(item)).toList();
  }

  private String summary(List<Item> homeless, boolean feasible) {
    String when = feasible ? "now" : "even if all nodes were free";
    if (nodes.isEmpty()) {
      return "there is no worker node yet";
    }
    return switch (spec.strategy()) {
      case STRICT_PACK ->
          "STRICT_PACK needs %s on one node, which no node has %s"
              .formatted(sum(homeless), feasible ? "free now" : "at all");
      case STRICT_SPREAD ->
          "STRICT_SPREAD needs a node for each of %d bundles; %s finds none %s"
              .formatted(spec.bundles().size(), indexes(homeless), when);
      case PACK, SPREAD ->
          homeless.isEmpty()
              ? "the bundles find no room together " + when
              : "%s of %d: no room %s".formatted(indexes(homeless), spec.bundles().size(), when);
    };
  }

  private static String indexes(List<Item> items) {
    return Obstacles.bundlesText(
        items.stream().flatMap(item -> item.indexes().stream()).collect(Collectors.toList()));
  }

  static Resources sum(List<Item> items) {
    return items.stream()
        .flatMap(item -> item.bundles().stream())
        .map(bundle -> bundle.resources())
        .reduce(Resources.NONE, Resources::plus);
  }
}
