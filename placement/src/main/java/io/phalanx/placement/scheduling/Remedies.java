package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Remedy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/** Finds the changes that would make a group fit, by trying them on imagined clusters. */
final class Remedies {
  private final Trials trials;

  /** Prepares the search for a group that has no plan on these nodes. */
  Remedies(
      PlacementPlanner planner,
      PlacementGroupSpec spec,
      List<NodeView> nodes,
      Map<Integer, String> placed) {
    this.trials = new Trials(planner, spec, nodes, placed);
  }

  /**
   * Returns one remedy of each kind that helps: first those that change the cluster's use, then its
   * nodes, then the group.
   *
   * @param unplaced what finds no room
   * @param problem what was tried
   * @param occupants what other groups hold
   */
  List<Remedy> find(Explainer.Unplaced unplaced, GroupProblem problem, List<Occupant> occupants) {
    List<Remedy> remedies = new ArrayList<>();
    stopDraining().ifPresent(remedies::add);
    new FreeingRemedy(trials, problem).find(unplaced).ifPresent(remedies::add);
    new RemovalRemedy(trials.more(), occupants).find().ifPresent(remedies::add);
    new NodesRemedy(trials, problem).find(unplaced.items()).ifPresent(remedies::add);
    useStrategy().ifPresent(remedies::add);
    dropLabel().ifPresent(remedies::add);
    dropTopology().ifPresent(remedies::add);
    return remedies;
  }

  private Optional<Remedy> stopDraining() {
    return trials.nodes().stream()
        .filter(NodeView::draining)
        .filter(node -> trials.fitsOn(replaced(node.withDraining(false))))
        .map(node -> (Remedy) new Remedy.StopDraining(node.address()))
        .findFirst();
  }

  private List<NodeView> replaced(NodeView changed) {
    return trials.nodes().stream()
        .map(node -> node.nodeId().equals(changed.nodeId()) ? changed : node)
        .toList();
  }

  private Optional<Remedy> useStrategy() {
    Optional<PlacementStrategy> softer =
        switch (trials.spec().strategy()) {
          case STRICT_PACK -> Optional.of(PlacementStrategy.PACK);
          case STRICT_SPREAD -> Optional.of(PlacementStrategy.SPREAD);
          case PACK, SPREAD -> Optional.empty();
        };
    return softer
        .filter(strategy -> trials.fits(changed(trials.spec().bundles(), strategy)))
        .map(Remedy.UseStrategy::new);
  }

  private PlacementGroupSpec changed(List<Bundle> bundles, PlacementStrategy strategy) {
    PlacementGroupSpec spec = trials.spec();
    return new PlacementGroupSpec(spec.id(), spec.name(), bundles, strategy, spec.options());
  }

  private Optional<Remedy> dropLabel() {
    SortedSet<String> labels = new TreeSet<>();
    trials.spec().bundles().forEach(bundle -> labels.addAll(bundle.labelSelector().keySet()));
    return labels.stream()
        .filter(label -> trials.fits(changed(without(label), trials.spec().strategy())))
        .map(label -> (Remedy) new Remedy.DropLabel(label))
        .findFirst();
  }

  private List<Bundle> without(String label) {
    return trials.spec().bundles().stream().map(bundle -> bundle.withoutCondition(label)).toList();
  }

  private Optional<Remedy> dropTopology() {
    PlacementGroupSpec spec = trials.spec();
    PlacementOptions anywhere = spec.options().withoutTopology();
    PlacementGroupSpec changed =
        new PlacementGroupSpec(spec.id(), spec.name(), spec.bundles(), spec.strategy(), anywhere);
    return spec.options()
        .topologyLabel()
        .filter(label -> trials.fits(changed))
        .map(Remedy.DropTopology::new);
  }
}
