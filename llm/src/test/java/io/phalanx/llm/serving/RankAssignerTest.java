package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.llm.ParallelConfig;
import io.phalanx.llm.serving.RankAssigner.PlacedBundle;
import io.phalanx.llm.serving.RankAssigner.RankSeat;
import io.phalanx.runtime.error.ServingException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link RankAssigner} on small layouts and on seeded random ones. */
final class RankAssignerTest {

  @Test
  void assign_bundlesOfTwoNodesMixed_keepsEachStageOnOneNode() {
    List<RankSeat> seats =
        RankAssigner.assign(
            new ParallelConfig(2, 2, 1),
            List.of(bundle(0, "a"), bundle(1, "b"), bundle(2, "a"), bundle(3, "b")));

    assertThat(seats).extracting(RankSeat::rank).containsExactly(0, 1, 2, 3);
    assertThat(seats).extracting(RankSeat::stage).containsExactly(0, 0, 1, 1);
    assertThat(seats).extracting(RankSeat::tensorRank).containsExactly(0, 1, 0, 1);
    assertThat(seats).extracting(RankSeat::bundleIndex).containsExactly(0, 2, 1, 3);
  }

  @Test
  void assign_noNodeHoldsTheStage_takesRoomiestThenTightest() {
    List<RankSeat> seats =
        RankAssigner.assign(
            new ParallelConfig(4, 1, 1),
            List.of(
                new PlacedBundle(0, "a", 1),
                new PlacedBundle(1, "b", 3),
                new PlacedBundle(2, "c", 2)));

    assertThat(seats).extracting(RankSeat::bundleIndex).containsExactly(1, 1, 1, 0);
    assertThat(seats).extracting(RankSeat::seat).containsExactly(0, 1, 2, 0);
  }

  @Test
  void assign_replicaBundleWithoutGpu_holdsNoRank() {
    List<RankSeat> seats =
        RankAssigner.assign(
            new ParallelConfig(1, 2, 1),
            List.of(new PlacedBundle(0, "a", 0), bundle(1, "b"), bundle(2, "a")));

    assertThat(seats).extracting(RankSeat::bundleIndex).containsExactly(2, 1);
  }

  @Test
  void assign_tooFewSeats_isRefused() {
    assertThatThrownBy(
            () -> RankAssigner.assign(new ParallelConfig(2, 2, 1), List.of(bundle(0, "a"))))
        .isInstanceOf(ServingException.class)
        .hasMessage("The bundles hold 1 ranks; TP x PP is 4.");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
  void assign_randomLayouts_usesEachSeatOnceAndFewNodes(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ParallelConfig parallel = new ParallelConfig(random.nextInt(1, 5), random.nextInt(1, 4), 1);
    List<PlacedBundle> bundles =
        IntStream.range(0, parallel.worldSize())
            .mapToObj(index -> new PlacedBundle(index, "n" + random.nextInt(3), 1))
            .toList();

    List<RankSeat> seats = RankAssigner.assign(parallel, bundles);

    assertThat(seats).as("seed %d", seed).hasSize(parallel.worldSize());
    Set<List<Integer>> used = new HashSet<>();
    seats.forEach(seat -> used.add(List.of(seat.bundleIndex(), seat.seat())));
    assertThat(used).as("seed %d", seed).hasSize(parallel.worldSize());
    assertThat(nodesOfStage(seats, bundles, 0))
        .as("seed %d", seed)
        .isEqualTo(fewestNodes(bundles, parallel.tensorParallelSize()));
  }

  private static int nodesOfStage(List<RankSeat> seats, List<PlacedBundle> bundles, int stage) {
    return (int)
        seats.stream()
            .filter(seat -> seat.stage() == stage)
            .map(seat -> bundles.get(seat.bundleIndex()).nodeId())
            .distinct()
            .count();
  }

  private static int fewestNodes(List<PlacedBundle> bundles, int count) {
    Map<String, Integer> free = new HashMap<>();
    bundles.forEach(bundle -> free.merge(bundle.nodeId(), 1, Integer::sum));
    List<Integer> sizes = new ArrayList<>(free.values());
    sizes.sort((left, right) -> right - left);
    int nodes = 0;
    for (int rest = count; rest > 0; nodes++) {
      rest -= sizes.get(nodes);
    }
    return nodes;
  }

  private static PlacedBundle bundle(int index, String nodeId) {
    return new PlacedBundle(index, nodeId, 1);
  }
}
