package io.phalanx.placement;

import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What a plan for a placement group came to. */
public sealed interface PlanResult extends WireMessage {

  /**
   * Each bundle has a node.
   *
   * @param sites by bundle index, for every bundle that had to be placed
   * @param optimal whether no plan with fewer nodes exists; always true but for PACK
   */
  record Planned(Map<Integer, BundleSite> sites, boolean optimal) implements PlanResult {

    /** Copies the map. */
    public Planned {
      sites = Map.copyOf(sites);
    }

    /** Returns where a bundle goes that had to be placed. */
    public BundleSite site(int bundleIndex) {
      return Objects.requireNonNull(sites.get(bundleIndex), () -> "bundle " + bundleIndex);
    }

    /** Returns the ids of the nodes, by bundle index. */
    public List<String> nodeOfBundle() {
      return sites.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .map(entry -> entry.getValue().nodeId())
          .toList();
    }
  }

  /** The nodes could hold it, were they free; it waits. */
  record NoResources(Explanation explanation) implements PlanResult {}

  /** The nodes could not hold it, were they all free; it waits for nodes. */
  record Infeasible(Explanation explanation) implements PlanResult {}
}
