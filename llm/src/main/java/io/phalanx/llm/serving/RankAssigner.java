package io.phalanx.llm.serving;

import io.phalanx.llm.ParallelConfig;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Lays the ranks of a replica over its placed bundles: rank = stage * TP + tensor-parallel rank,
 * and the ranks of one stage on as few nodes as possible.
 */
public final class RankAssigner {

  /**
   * A placed bundle and how many ranks it can hold.
   *
   * @param bundleIndex index in the placement group
   * @param nodeId the node that it lies on
   * @param capacity how many ranks it can hold, 0 for a bundle of the replica actor alone
   */
  public record PlacedBundle(int bundleIndex, String nodeId, int capacity) {}

  /**
   * The seat of one rank.
   *
   * @param rank {@code 0 .. worldSize - 1}
   * @param stage pipeline stage of the rank
   * @param tensorRank rank in its stage's tensor-parallel group
   * @param bundleIndex the bundle that holds it
   * @param seat which of the bundle's ranks it is, from 0; picks the bundle's device
   */
  public record RankSeat(int rank, int stage, int tensorRank, int bundleIndex, int seat) {}

  private record Seat(int bundleIndex, int seat) {}

  private RankAssigner() {}

  /**
   * Returns the seat of every rank, in the order of the ranks.
   *
   * <p>A stage goes whole on the first node, in the order of the bundles, that has room for all of
   * it. Where none has, it takes the roomiest nodes until the rest fits on one, and for the rest
   * the tightest node.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} if the bundles hold too few ranks
   */
  public static List<RankSeat> assign(ParallelConfig parallel, List<PlacedBundle> bundles) {
    Map<String, Deque<Seat>> freeByNode = seatsByNode(bundles);
    int seats = freeByNode.values().stream().mapToInt(Deque::size).sum();
    if (seats < parallel.worldSize()) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION,
          "The bundles hold " + seats + " ranks; TP x PP is " + parallel.worldSize() + ".");
    }
    int tensorParallelSize = parallel.tensorParallelSize();
    List<RankSeat> result = new ArrayList<>();
    for (int stage = 0; stage < parallel.pipelineParallelSize(); stage++) {
      List<Seat> taken = take(freeByNode, tensorParallelSize);
      for (int tensorRank = 0; tensorRank < tensorParallelSize; tensorRank++) {
        Seat seat = taken.get(tensorRank);
        int rank = stage * tensorParallelSize + tensorRank;
        result.add(new RankSeat(rank, stage, tensorRank, seat.bundleIndex(), seat.seat()));
      }
    }
    return List.copyOf(result);
  }

  private static Map<String, Deque<Seat>> seatsByNode(List<PlacedBundle> bundles) {
    Map<String, Deque<Seat>> result = new LinkedHashMap<>();
    bundles.stream()
        .sorted(Comparator.comparingInt(PlacedBundle::bundleIndex))
        .forEach(
            bundle -> {
              Deque<Seat> seats =
                  result.computeIfAbsent(bundle.nodeId(), node -> new ArrayDeque<>());
              for (int seat = 0; seat < bundle.capacity(); seat++) {
                seats.add(new Seat(bundle.bundleIndex(), seat));
              }
            });
    return result;
  }

  private static List<Seat> take(Map<String, Deque<Seat>> freeByNode, int count) {
    List<Seat> taken = new ArrayList<>();
    while (taken.size() < count) {
      int wanted = count - taken.size();
      Deque<Seat> node = pickNode(freeByNode, wanted, taken.isEmpty());
      for (int i = Math.min(wanted, node.size()); i > 0; i--) {
        taken.add(node.remove());
      }
    }
    return taken;
  }

  private static Deque<Seat> pickNode(
      Map<String, Deque<Seat>> freeByNode, int wanted, boolean whole) {
    Comparator<Deque<Seat>> bySize = Comparator.comparingInt(Deque::size);
    List<Deque<Seat>> fitting =
        freeByNode.values().stream().filter(seats -> seats.size() >= wanted).toList();
    if (whole && !fitting.isEmpty()) {
      return fitting.get(0);
    }
    return fitting.stream()
        .min(bySize)
        .or(() -> freeByNode.values().stream().sorted(bySize.reversed()).findFirst())
        .orElseThrow();
  }
}
