package io.phalanx.placement.scheduling;

import io.phalanx.placement.scheduling.PackProblem.NodeClass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Packs by always taking the node that holds the most of what is left. */
final class GreedyPack {
  private final PackProblem problem;
  private final int[] left;
  private final int[] used;
  private final List<Packing.Fill> fills = new ArrayList<>();

  GreedyPack(PackProblem problem) {
    this.problem = problem;
    this.left = problem.counts.clone();
    this.used = new int[problem.classes.size()];
  }

  Optional<Packing> solve() {
    packAll();
    return PackProblem.isZero(left) ? Optional.of(new Packing(fills)) : Optional.empty();
  }

  /** Packs what it can and returns the fills. */
  List<Packing.Fill> packAll() {
    while (!PackProblem.isZero(left) && packOneNode()) {}
    return fills;
  }

  private boolean packOneNode() {
    int best = -1;
    int[] bestFill = new int[0];
    for (int c = 0; c < used.length; c++) {
      NodeClass nodes = problem.classes.get(c);
      if (used[c] < nodes.members().size()) {
        int[] fill = problem.greedyFill(nodes, left);
        if (!PackProblem.isZero(fill) && (best < 0 || isBetter(c, fill, best, bestFill))) {
          best = c;
          bestFill = fill;
        }
      }
    }
    if (best < 0) {
      return false;
    }
    use(best, bestFill);
    return true;
  }

  private boolean isBetter(int candidate, int[] fill, int best, int[] bestFill) {
    NodeClass left = problem.classes.get(candidate);
    NodeClass right = problem.classes.get(best);
    if (left.open() != right.open()) {
      return left.open();
    }
    if (Arrays.equals(fill, bestFill)) {
      return left.room().freeGpus() < right.room().freeGpus();
    }
    return problem.weight(fill) > problem.weight(bestFill) + 1e-9;
  }

  private void use(int nodeClass, int[] fill) {
    used[nodeClass]++;
    fills.add(new Packing.Fill(problem.classes.get(nodeClass), fill));
    for (int t = 0; t < fill.length; t++) {
      left[t] -= fill[t];
    }
  }
}
