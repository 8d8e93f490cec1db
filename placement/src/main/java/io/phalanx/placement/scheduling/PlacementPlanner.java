package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Planned;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Decides where the bundles of a placement group go. Changes nothing; equal input gives equal
 * plans, unless the search for the fewest nodes runs out of time.
 *
 * <p>PACK uses the fewest nodes, found exactly within the search budget and else by the best greedy
 * plan. Where plans are equally good, bundles keep their order, and nodes go by address.
 */
public final class PlacementPlanner {

  /** How long the search for the fewest nodes may take by default. */
  public static final Duration DEFAULT_SEARCH_BUDGET = Duration.ofMillis(20);

  private final Duration searchBudget;
  private final LongSupplier nanoTime;

  /** Creates a planner with the default search budget. */
  public PlacementPlanner() {
    this(DEFAULT_SEARCH_BUDGET, System::nanoTime);
  }

  /** Creates a planner whose search for the fewest nodes takes at most {@code searchBudget}. */
  public PlacementPlanner(Duration searchBudget, LongSupplier nanoTime) {
    this.searchBudget = searchBudget;
    this.nanoTime = nanoTime;
  }

  /** Plans a group of which nothing is placed yet. */
  public PlanResult plan(PlacementGroupSpec spec, List<NodeView> nodes) {
    return plan(spec, nodes, Map.of());
  }

  /**
   * Plans the bundles of a group that have no place.
   *
   * @param spec the whole group
   * @param nodes the nodes as they are; what the placed bundles hold is not free
   * @param placed bundle index to node id, of the bundles that stay where they are
   * @return sites for the other bundles, or why there are none
   */
  public PlanResult plan(
      PlacementGroupSpec spec, List<NodeView> nodes, Map<Integer, String> placed) {
    return find(spec, nodes, placed)
        .<PlanResult>map(planned -> planned)
        .orElseGet(() -> explain(spec, nodes, placed));
  }

  /** Returns a plan as {@link #plan} does, without explaining where there is none. */
  public Optional<Planned> find(
      PlacementGroupSpec spec, List<NodeView> nodes, Map<Integer, String> placed) {
    if (placed.size() == spec.bundles().size()) {
      return Optional.of(new Planned(Map.of(), true));
    }
    List<NodeView> sorted = usable(nodes);
    return spec.options()
        .topologyLabel()
        .map(label -> findInOneDomain(label, spec, sorted, placed))
        .orElseGet(() -> findAnywhere(spec, sorted, placed));
  }

  /** Returns why there is no plan: {@code NoResources}, or {@code Infeasible} on empty nodes. */
  public PlanResult explain(
      PlacementGroupSpec spec, List<NodeView> nodes, Map<Integer, String> placed) {
    return new Explainer(this, spec, nodes, placed).explain();
  }

  static List<NodeView> usable(List<NodeView> nodes) {
    return nodes.stream()
        .filter(node -> !node.draining())
        .sorted(Comparator.comparing(NodeView::address, AddressOrder.INSTANCE))
        .toList();
  }

  private Optional<Planned> findInOneDomain(
      String label, PlacementGroupSpec spec, List<NodeView> nodes, Map<Integer, String> placed) {
    return Domains.of(label, nodes, placed).values().stream()
        .map(domain -> findAnywhere(spec, domain, placed))
        .flatMap(Optional::stream)
        .min(
            Comparator.comparingLong(
                planned -> planned.nodeOfBundle().stream().distinct().count()));
  }

  private Optional<Planned> findAnywhere(
      PlacementGroupSpec spec, List<NodeView> nodes, Map<Integer, String> placed) {
    GroupProblem problem = new GroupProblem(spec, nodes, placed);
    return switch (spec.strategy()) {
      case PACK -> pack(problem, spec.options().keepTogether());
      case STRICT_PACK -> strictPack(problem);
      case SPREAD -> spread(problem);
      case STRICT_SPREAD ->
          problem
              .strictSpreadPlan()
              .place(problem.singles())
              .flatMap(roomOf -> problem.toPlan(roomOf, true));
    };
  }

  private Optional<Planned> pack(GroupProblem problem, int keepTogether) {
    Deadline deadline = new Deadline(nanoTime, searchBudget);
    PackPlan plan = problem.packPlan(deadline);
    Optional<PackPlan.Result> single = plan.place(problem.singles());
    if (single.isPresent() && keepTogether > 1) {
      Optional<Planned> together =
          plan.place(problem.blocks(keepTogether))
              .filter(result -> result.newNodes() <= single.get().newNodes())
              .flatMap(result -> problem.toPlan(result.roomOf(), single.get().optimal()));
      if (together.isPresent()) {
        return together;
      }
    }
    return single.flatMap(result -> problem.toPlan(result.roomOf(), result.optimal()));
  }

  private Optional<Planned> strictPack(GroupProblem problem) {
    Item all = problem.whole();
    Demand demand = Demand.of(all.bundles(), problem.dimensions());
    Comparator<NodeRoom> softTargetFirst =
        Comparator.comparing(room -> !problem.isSoftTarget(room));
    return problem.strictPackRooms().stream()
        .filter(room -> all.isAcceptedBy(room) && room.fits(demand))
        .min(softTargetFirst.thenComparingLong(NodeRoom::freeGpus))
        .flatMap(room -> problem.toPlan(Map.of(all, room), true));
  }

  private Optional<Planned> spread(GroupProblem problem) {
    List<Item> items = problem.singles();
    return problem
        .spreadPlan()
        .place(items)
        .or(() -> anyPlacement(problem, items))
        .flatMap(roomOf -> problem.toPlan(roomOf, true));
  }

  /** Searches further where spreading first left a bundle without room. */
  private Optional<Map<Item, NodeRoom>> anyPlacement(GroupProblem problem, List<Item> items) {
    Deadline deadline = new Deadline(nanoTime, searchBudget);
    return problem.packPlan(deadline).place(items).map(PackPlan.Result::roomOf);
  }
}
