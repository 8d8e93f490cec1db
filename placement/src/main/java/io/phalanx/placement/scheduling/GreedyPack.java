package io.phalanx.placement.scheduling;

import io.phalanx.placement.scheduling.PackProblem.NodeClass;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Packs node by node without looking back: always the node that holds the most of what is scarce,
 * and of equal ones the one with the least room.
 */
final class GreedyPack {

  private static final double ROUNDING = 1e-9;

  private final PackProblem problem;
  private final int[] left;
  private final int[] used;
  private final int[][] fillOfClass;
  private final List<Packing.Fill> fills = new ArrayList<>();

  GreedyPack(PackProblem problem) {
    this.problem = problem;
    this.left = problem.counts.clone();
    this.used = new int[problem.classes.size()];
    this.fillOfClass = new int[problem.classes.size()][];
  }

  Optional<Packing> solve() {
    while (!PackProblem.isZero(left)) {
      int best = best();
      if (best < 0) {
        return Optional.empty();
      }
      use(best);
    }
    return Optional.of(new Packing(fills));
  }

  private int best() {
    int best = -1;
    double bestScore = 0;
    for (int c = 0; c < used.length; c++) {
      if (used[c] < problem.classes.get(c).members().size() && !PackProblem.isZero(fill(c))) {
        double score = problem.weight(fill(c));
        if (best < 0 || isBetter(c, score, best, bestScore)) {
          best = c;
          bestScore = score;
        }
      }
    }
    return best;
  }

  /** A fill stays what a class would take as long as no less than that is left. */
  private int[] fill(int nodeClass) {
    int[] fill = fillOfClass[nodeClass];
    if (fill == null || exceedsLeft(fill)) {
      fill = problem.greedyFill(problem.classes.get(nodeClass), left);
      fillOfClass[nodeClass] = fill;
    }
    return fill;
  }

  private boolean exceedsLeft(int[] fill) {
    for (int t = 0; t < fill.length; t++) {
      if (fill[t] > left[t]) {
        return true;
      }
    }
    return false;
  }

  private boolean isBetter(int candidate, double score, int best, double bestScore) {
    NodeClass nodes = problem.classes.get(candidate);
    NodeClass bestNodes = problem.classes.get(best);
    if (nodes.open() != bestNodes.open()) {
      return nodes.open();
    }
    if (Arrays.equals(fillOfClass[candidate], fillOfClass[best])) {
      return nodes.room().freeGpus() < bestNodes.room().freeGpus();
    }
    return score > bestScore + ROUNDING;
  }

  private void use(int nodeClass) {
    used[nodeClass]++;
    int[] fill = fill(nodeClass);
    fills.add(new Packing.Fill(problem.classes.get(nodeClass), fill));
    for (int t = 0; t < fill.length; t++) {
      left[t] -= fill[t];
    }
  }
}
