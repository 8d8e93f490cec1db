package io.phalanx.placement.scheduling;

import io.phalanx.placement.scheduling.PackProblem.NodeClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Packs as Ray does: the scarcest bundle that is left goes to the emptiest node that takes it, and
 * with it whatever else fits there. So a plan that is not proven best is never worse than Ray's.
 */
final class EmptiestPack {
  private final PackProblem problem;
  private final NodeClass[] classOfRoom;
  private final boolean[] used;
  private final int[] left;

  EmptiestPack(PackProblem problem) {
    this.problem = problem;
    this.classOfRoom = new NodeClass[problem.rooms.size()];
    for (NodeClass nodes : problem.classes) {
      nodes.members().forEach(room -> classOfRoom[room.ordinal] = nodes);
    }
    this.used = new boolean[classOfRoom.length];
    this.left = problem.counts.clone();
  }

  Optional<Packing> solve() {
    List<Packing.Fill> fills = new ArrayList<>();
    for (int type = 0; type < left.length; type++) {
      while (left[type] > 0) {
        int node = emptiest(type);
        if (node < 0) {
          return Optional.empty();
        }
        used[node] = true;
        Packing.Fill fill = new Packing.Fill(classOfRoom[node], fill(node));
        fills.add(fill);
      }
    }
    return Optional.of(new Packing(fills));
  }

  private int[] fill(int node) {
    int[] fill = problem.greedyFill(classOfRoom[node], left);
    for (int t = 0; t < fill.length; t++) {
      left[t] -= fill[t];
    }
    return fill;
  }

  private int emptiest(int type) {
    int best = -1;
    double bestScore = -1;
    for (NodeRoom room : problem.rooms) {
      if (!used[room.ordinal] && problem.types.fits(type, room)) {
        double score = room.emptiness(problem.types.demand(type));
        if (score > bestScore) {
          best = room.ordinal;
          bestScore = score;
        }
      }
    }
    return best;
  }
}
