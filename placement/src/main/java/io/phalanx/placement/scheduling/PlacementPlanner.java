package io.phalanx.placement.scheduling;

import io.phalanx.placement.ClusterChange;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Planned;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Decides where the bundles of a placement group go. Changes nothing; equal input gives equal
 * plans, unless the search for the fewest nodes runs out of time.
 *
 * <p>PACK uses the fewest nodes, found exactly within the search budget and else by the best greedy
 * plan. Where plans are equally good, bundles keep their order, and nodes go by address. Draining
 * nodes take nothing.
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

  /**
   * Creates a planner.
   *
   * @param searchBudget how long the search for the fewest nodes takes at most; zero: no search
   * @param nanoTime the clock of the search, in nanoseconds
   */
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
    return plan(spec, nodes, placed, List.of());
  }

  /**
   * Plans as {@link #plan(PlacementGroupSpec, List, Map)} does and, where there is no plan, also
   * tries which of the occupants would have to go.
   *
   * @param occupants what other groups hold on the nodes
   */
  public PlanResult plan(
      PlacementGroupSpec spec,
      List<NodeView> nodes,
      Map<Integer, String> placed,
      List<Occupant> occupants) {
    return find(spec, nodes, placed)
        .<PlanResult>map(planned -> planned)
        .orElseGet(() -> explain(spec, nodes, placed, occupants));
  }

  /**
   * Plans a group on the nodes as they would be after an imagined change.
   *
   * @return sites, or why there are none; {@code Infeasible} if the change names an unknown node
   */
  public PlanResult whatIf(PlacementGroupSpec spec, List<NodeView> nodes, ClusterChange change) {
    List<String> unknown = change.unknownIn(nodes);
    if (!unknown.isEmpty()) {
      String known =
          usable(nodes).stream().map(NodeView::address).collect(Collectors.joining(", "));
      return new PlanResult.Infeasible(
          Explanation.of("there is no node %s; the nodes are %s".formatted(unknown, known)));
    }
    return plan(spec, change.applyTo(nodes));
  }

  /** Returns a plan as {@link #plan} does, without explaining where there is none. */
  public Optional<Planned> find(
      PlacementGroupSpec spec, List<NodeView> nodes, Map<Integer, String> placed) {
    if (placed.size() == spec.bundles().size()) {
      return Optional.of(new Planned(Map.of(), true));
    }
    Attempt attempt =
        new Attempt(
            new GroupItems(spec, placed.keySet()), placed, new Deadline(nanoTime, searchBudget));
    List<NodeView> usable = usable(nodes);
    return spec.options()
        .topologyLabel()
        .map(label -> attempt.inOneDomain(new Domains(label, nodes, usable, placed)))
        .orElseGet(() -> attempt.on(usable));
  }

  /**
   * Returns why there is no plan: {@code NoResources}, or {@code Infeasible} if there is none on
   * empty nodes either.
   *
   * @param occupants what other groups hold on the nodes; may be empty if it is not known
   */
  public PlanResult explain(
      PlacementGroupSpec spec,
      List<NodeView> nodes,
      Map<Integer, String> placed,
      List<Occupant> occupants) {
    return new Explainer(this, spec, nodes, placed).explain(occupants);
  }

  /** Returns a planner that never searches, for trying many changes. */
  PlacementPlanner hasty() {
    return new PlacementPlanner(Duration.ZERO, nanoTime);
  }

  static List<NodeView> usable(List<NodeView> nodes) {
    return nodes.stream()
        .filter(node -> !node.draining())
        .sorted(Comparator.comparing(NodeView::address, AddressOrder.INSTANCE))
        .toList();
  }

  /** One search for a plan. */
  private record Attempt(GroupItems items, Map<Integer, String> placed, Deadline deadline) {

    /**
     * Of several values the one with the fewest nodes is best, for SPREAD the one with the most.
     */
    Optional<Planned> inOneDomain(Domains domains) {
      Comparator<Planned> fewestNodes = Comparator.comparingLong(Attempt::nodeCount);
      boolean isSpread = items.spec().strategy() == PlacementStrategy.SPREAD;
      return domains.candidates().values().stream()
          .map(this::on)
          .flatMap(Optional::stream)
          .min(isSpread ? fewestNodes.reversed() : fewestNodes);
    }

    private static long nodeCount(Planned planned) {
      return planned.nodeOfBundle().stream().distinct().count();
    }

    Optional<Planned> on(List<NodeView> nodes) {
      GroupProblem problem = new GroupProblem(items, nodes, placed);
      return switch (items.spec().strategy()) {
        case PACK -> pack(problem, items.spec().options().keepTogether());
        case STRICT_PACK -> problem.strictPack().flatMap(roomOf -> problem.toPlan(roomOf, true));
        case SPREAD -> spread(problem);
        case STRICT_SPREAD ->
            problem
                .strictSpreadPlan()
                .place(items.singles())
                .flatMap(roomOf -> problem.toPlan(roomOf, true));
      };
    }

    private Optional<Planned> pack(GroupProblem problem, int keepTogether) {
      PackPlan plan = problem.packPlan(deadline);
      Optional<PackPlan.Result> single = plan.place(items.singles());
      if (single.isPresent() && keepTogether > 1) {
        Optional<Planned> together =
            plan.place(items.blocks(keepTogether))
                .filter(result -> result.newNodes() <= single.get().newNodes())
                .flatMap(result -> problem.toPlan(result.roomOf(), single.get().optimal()));
        if (together.isPresent()) {
          return together;
        }
      }
      return single.flatMap(result -> problem.toPlan(result.roomOf(), result.optimal()));
    }

    private Optional<Planned> spread(GroupProblem problem) {
      return problem
          .spreadPlan()
          .place(items.singles())
          .or(() -> problem.packPlan(deadline).place(items.singles()).map(PackPlan.Result::roomOf))
          .flatMap(roomOf -> problem.toPlan(roomOf, true));
    }
  }
}
