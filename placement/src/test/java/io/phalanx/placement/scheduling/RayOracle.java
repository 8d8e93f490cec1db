package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Ray's own way of placing bundles, written down step by step, with ties decided both ways. It sees
 * GPUs as one amount per node, so it is asked only about whole GPUs.
 */
final class RayOracle {
  private final PlacementGroupSpec spec;
  private final Resources[] free;
  private final Resources[] total;
  private final int[] count;
  private final List<Resources> sorted;
  private final Set<List<Integer>> outcomes = new HashSet<>();
  private boolean failed;

  RayOracle(PlacementGroupSpec spec, List<NodeView> nodes) {
    this.spec = spec;
    this.free = nodes.stream().map(NodeView::freeWithGpus).toArray(Resources[]::new);
    this.total = nodes.stream().map(view -> view.node().total()).toArray(Resources[]::new);
    this.count = new int[nodes.size()];
    this.sorted = new ArrayList<>(spec.bundles().stream().map(b -> b.resources()).toList());
    Comparator<Resources> scarcestFirst = Comparator.comparingLong(r -> -r.get("GPU"));
    Set<String> custom = new TreeSet<>();
    sorted.forEach(resources -> custom.addAll(resources.names()));
    custom.removeAll(Set.of("GPU", "CPU", "memory"));
    for (String name : custom) {
      scarcestFirst = scarcestFirst.thenComparingLong(r -> -r.get(name));
    }
    sorted.sort(
        scarcestFirst
            .thenComparingLong(r -> -r.get("memory"))
            .thenComparingLong(r -> -r.get("CPU")));
    run();
  }

  /** Returns bundles per node used, most first, of every way that ties can fall and succeed. */
  Set<List<Integer>> outcomes() {
    return outcomes;
  }

  /** Returns whether ties can fall so that it fails. */
  boolean canFail() {
    return failed;
  }

  /** Returns whether no node is large enough for the group, or for one of its bundles. */
  boolean isInfeasible() {
    Resources sum = sorted.stream().reduce(Resources.NONE, Resources::plus);
    return switch (spec.strategy()) {
      case STRICT_PACK -> Arrays.stream(total).noneMatch(sum::fits);
      case STRICT_SPREAD -> sorted.size() > total.length || isAnyTooLarge();
      case PACK, SPREAD -> isAnyTooLarge();
    };
  }

  private boolean isAnyTooLarge() {
    return sorted.stream().anyMatch(bundle -> Arrays.stream(total).noneMatch(bundle::fits));
  }

  private void run() {
    if (spec.strategy() == PlacementStrategy.STRICT_PACK) {
      Resources sum = sorted.stream().reduce(Resources.NONE, Resources::plus);
      if (Arrays.stream(free).anyMatch(sum::fits)) {
        outcomes.add(List.of(sorted.size()));
      }
    } else if (spec.strategy() == PlacementStrategy.PACK) {
      pack(new ArrayList<>(sorted), new HashSet<>());
    } else {
      spread(0);
    }
  }

  private void pack(List<Resources> left, Set<Integer> used) {
    if (left.isEmpty()) {
      note();
      return;
    }
    Set<Integer> candidates = best(left.get(0), used, false);
    failed |= candidates.isEmpty();
    for (int node : candidates) {
      List<Resources> rest = new ArrayList<>();
      Resources before = free[node];
      for (Resources bundle : left) {
        if (bundle.fits(free[node])) {
          free[node] = free[node].minus(bundle);
          count[node]++;
        } else {
          rest.add(bundle);
        }
      }
      used.add(node);
      pack(rest, used);
      used.remove(node);
      free[node] = before;
      count[node] = 0;
    }
  }

  private void spread(int bundle) {
    if (bundle == sorted.size()) {
      note();
      return;
    }
    Resources asked = sorted.get(bundle);
    Set<Integer> usedOnes = new HashSet<>();
    for (int node = 0; node < count.length; node++) {
      if (count[node] > 0) {
        usedOnes.add(node);
      }
    }
    Set<Integer> candidates = best(asked, usedOnes, false);
    if (candidates.isEmpty() && spec.strategy() == PlacementStrategy.SPREAD) {
      candidates = best(asked, usedOnes, true);
    }
    failed |= candidates.isEmpty();
    for (int node : candidates) {
      Resources before = free[node];
      free[node] = before.minus(asked);
      count[node]++;
      spread(bundle + 1);
      count[node]--;
      free[node] = before;
    }
  }

  /** Of nodes that are alike in all respects one is enough to try. */
  private Set<Integer> best(Resources asked, Set<Integer> used, boolean wanted) {
    Set<Integer> best = new HashSet<>();
    Set<List<Object>> alike = new HashSet<>();
    double bestScore = -1;
    for (int node = 0; node < free.length; node++) {
      if (used.contains(node) == wanted && asked.fits(free[node])) {
        double score = score(asked, free[node]);
        if (score > bestScore + 1e-12) {
          best.clear();
          alike.clear();
          bestScore = score;
        }
        if (score > bestScore - 1e-12 && alike.add(List.of(free[node], count[node]))) {
          best.add(node);
        }
      }
    }
    return best;
  }

  private static double score(Resources asked, Resources free) {
    double score = 0;
    for (String name : asked.names()) {
      score += (double) (free.get(name) - asked.get(name)) / free.get(name);
    }
    return score;
  }

  private void note() {
    outcomes.add(
        Arrays.stream(count)
            .filter(bundles -> bundles > 0)
            .boxed()
            .sorted(Comparator.reverseOrder())
            .toList());
  }

  /** Returns the most nodes that it may use; empty if it always fails. */
  Optional<Integer> mostNodes() {
    return outcomes.stream().map(List::size).max(Comparator.naturalOrder());
  }

  /** Returns the fewest nodes that it may use, by luck with ties. */
  Optional<Integer> fewestNodes() {
    return outcomes.stream().map(List::size).min(Comparator.naturalOrder());
  }
}
