package io.phalanx.placement.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.Clusters;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What Ray 2.60.0 itself answered on a simulated cluster of 8 nodes with 4 GPUs and 16 CPUs each
 * ({@code ray-placement-truth.json}: placement groups created through its Python interface, each
 * three times), held against the planner.
 */
final class RayParityTest {

  static Stream<Arguments> rows() throws IOException {
    try (InputStream json = RayParityTest.class.getResourceAsStream("ray-placement-truth.json")) {
      JsonNode rows = new ObjectMapper().readTree(json).get("rows");
      return StreamSupport.stream(rows.spliterator(), false)
          .map(row -> Arguments.of(row.get("scenario").asText(), row.get("strategy").asText(), row))
          .toList()
          .stream();
    }
  }

  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("rows")
  void plan_asRay(String scenario, String strategy, JsonNode row) {
    PlanResult result = new PlacementPlanner().plan(group(row), nodes(row));

    assertThat(stateOf(result)).as(result.toString()).isIn(rayStates(row));
    if (result instanceof Planned planned) {
      List<List<Integer>> rayCounts = rayCounts(row);
      if (strategy.equals("PACK")) {
        int fewest = rayCounts.stream().mapToInt(List::size).min().orElseThrow();
        assertThat(Clusters.counts(planned)).hasSizeLessThanOrEqualTo(fewest);
      } else {
        assertThat(Clusters.counts(planned)).isIn(rayCounts);
      }
      assertThat(planned.optimal()).isTrue();
    }
  }

  /** The oracle that random groups are held against is itself held against Ray. */
  @ParameterizedTest(name = "{0}, {1}")
  @MethodSource("rows")
  void oracle_asRay(String scenario, String strategy, JsonNode row) {
    RayOracle oracle = new RayOracle(group(row), nodes(row));

    List<List<Integer>> rayCounts = rayCounts(row);
    assertThat(oracle.outcomes()).containsAll(rayCounts);
    assertThat(oracle.outcomes().isEmpty()).isEqualTo(rayCounts.isEmpty());
    assertThat(oracle.isInfeasible()).isEqualTo(rayStates(row).contains("INFEASIBLE"));
  }

  private static String stateOf(PlanResult result) {
    if (result instanceof Planned) {
      return "CREATED";
    }
    return result instanceof PlanResult.Infeasible ? "INFEASIBLE" : "NO_RESOURCES";
  }

  /** Returns CREATED, or why it was PENDING, of each of the three times. */
  private static List<String> rayStates(JsonNode row) {
    List<String> states = new ArrayList<>();
    for (JsonNode outcome : row.get("outcomes")) {
      boolean created = outcome.get("state").asText().equals("CREATED");
      states.add(created ? "CREATED" : outcome.get("ray_state").asText());
    }
    return states;
  }

  private static List<List<Integer>> rayCounts(JsonNode row) {
    List<List<Integer>> counts = new ArrayList<>();
    for (JsonNode outcome : row.get("outcomes")) {
      if (outcome.has("counts")) {
        counts.add(ints(outcome.get("counts")));
      }
    }
    return counts;
  }

  private static PlacementGroupSpec group(JsonNode row) {
    List<Bundle> bundles = new ArrayList<>();
    for (JsonNode bundle : row.get("bundles")) {
      Map<String, Double> amounts = new HashMap<>();
      bundle
          .properties()
          .forEach(entry -> amounts.put(entry.getKey(), entry.getValue().asDouble()));
      bundles.add(Bundle.of(Resources.of(amounts)));
    }
    PlacementStrategy strategy = PlacementStrategy.valueOf(row.get("strategy").asText());
    return new PlacementGroupSpec("g", "", bundles, strategy);
  }

  private static List<NodeView> nodes(JsonNode row) {
    List<Integer> gpus = ints(row.get("free_gpus"));
    List<Integer> cpus = ints(row.get("free_cpus"));
    return IntStream.range(0, gpus.size())
        .mapToObj(i -> Clusters.partlyFree(i, 4, gpus.get(i), cpus.get(i)))
        .toList();
  }

  private static List<Integer> ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::asInt).toList();
  }
}
