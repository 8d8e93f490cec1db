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
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Says in words why a group has no plan, bundle by bundle and node by node. */
final class Explainer {
  private final PlacementPlanner planner;
  private final PlacementGroupSpec spec;
  private final List<NodeView> nodes;
  private final Map<Integer, String> placed;
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
    this.placed = placed;
    this.problem = new GroupProblem(spec, bestDomain(), placed);
  }

  PlanResult explain() {
    List<NodeView> empty =
        PlacementPlanner.usable(nodes).stream().map(node -> NodeView.empty(node.node())).toList();
    boolean feasible = planner.find(spec, empty, Map.of()).isPresent();
    nodes.stream()
        .filter(NodeView::draining)
        .forEach(node -> obstacles.add(problem.whole().indexes(), node, "is draining"));
    List<Item> homeless =
        switch (spec.strategy()) {
          case STRICT_PACK -> onOneNode();
          case STRICT_SPREAD -> onOwnNodes();
          case PACK, SPREAD -> anywhere();
        };
    String remedy = new Remedy(planner, spec, nodes, placed).inWords(homeless);
    Explanation explanation =
        new Explanation(summary(homeless, feasible), obstacles.toList(), remedy);
    return feasible ? new NoResources(explanation) : new Infeasible(explanation);
  }

  /** With a topology label, only the domain that comes closest is looked at. */
  private List<NodeView> bestDomain() {
    List<NodeView> usable = PlacementPlanner.usable(nodes);
    return spec.options()
        .topologyLabel()
        .flatMap(
            label ->
                Domains.of(label, usable, placed).values().stream()
                    .max(Comparator.comparingLong(Explainer::freeGpus)))
        .orElse(usable);
  }

  private static long freeGpus(List<NodeView> domain) {
    return domain.stream().mapToLong(node -> node.freeWithGpus().get(Resources.GPU)).sum();
  }

  private List<Item> onOneNode() {
    Item all = problem.whole();
    for (NodeRoom room : problem.rooms()) {
      String reason = Obstacles.reason(all.bundles(), room, problem.dimensions());
      boolean isTheNode = problem.strictPackRooms().contains(room);
      obstacles.add(
          all.indexes(), room.view, isTheNode ? reason : "the group's other bundles lie elsewhere");
    }
    return List.of(all);
  }

  private List<Item> onOwnNodes() {
    Map<Item, NodeRoom> own = problem.strictSpreadPlan().placeWhatFits(problem.singles());
    Map<NodeRoom, Item> itemOf = new HashMap<>();
    own.forEach((item, room) -> itemOf.put(room, item));
    List<Item> homeless = without(problem.singles(), own);
    for (Item item : homeless) {
      for (NodeRoom room : problem.rooms()) {
        String reason = Obstacles.reason(item.bundles(), room, problem.dimensions());
        Item other = itemOf.get(room);
        if (problem.occupied().contains(room.view.nodeId())) {
          reason = "holds another bundle of the group";
        } else if (reason.isEmpty() && other != null) {
          reason = "is needed for bundle " + other.first();
        }
        obstacles.add(item.indexes(), room.view, reason);
      }
    }
    return homeless;
  }

  /** Places bundle after bundle where one first fits; what is left over finds no room. */
  private List<Item> anywhere() {
    Map<Item, NodeRoom> placedNow = new HashMap<>();
    List<NodeRoom> rest = problem.rooms().stream().map(NodeRoom::copy).toList();
    for (Item item : problem.singles()) {
      Demand demand = Demand.of(item.bundles(), problem.dimensions());
      rest.stream()
          .filter(room -> item.isAcceptedBy(room) && room.take(demand))
          .findFirst()
          .ifPresent(room -> placedNow.put(item, room));
    }
    List<Item> homeless = without(problem.singles(), placedNow);
    for (Item item : homeless) {
      for (NodeRoom room : rest) {
        String reason = Obstacles.reason(item.bundles(), room, problem.dimensions());
        obstacles.add(item.indexes(), room.view, reason + besides(room, placedNow));
      }
    }
    return homeless;
  }

  private static String besides(NodeRoom room, Map<Item, NodeRoom> placedNow) {
    List<Integer> here =
        placedNow.entrySet().stream()
            .filter(entry -> entry.getValue() == room)
            .map(entry -> entry.getKey().first())
            .toList();
    return here.isEmpty() ? "" : " beside " + Obstacles.bundlesText(here);
  }

  private static List<Item> without(List<Item> items, Map<Item, NodeRoom> placed) {
    List<Item> rest = new ArrayList<>(items);
    rest.removeAll(placed.keySet());
    return rest;
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
