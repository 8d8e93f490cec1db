package io.phalanx.placement.scheduling;

import static io.phalanx.placement.Clusters.group;
import static io.phalanx.placement.Clusters.nodes;
import static io.phalanx.placement.Clusters.partlyFree;
import static io.phalanx.placement.PlacementStrategy.PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_PACK;
import static io.phalanx.placement.PlacementStrategy.STRICT_SPREAD;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.Explanation;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The words of {@link PlacementPlanner} for groups that do not fit. */
final class PlannerExplanationTest extends PlannerFixture {
  @Test
  void explain_packWithoutRoom_saysWhatIsFreeAndWhatWouldHelp() {
    Explanation why =
        noResources(ones(4, PACK), List.of(partlyFree(1, 2, 1, 16), partlyFree(2, 2, 0, 16)));

    assertThat(why.lines())
        .containsExactly(
            "bundles 1, 2, 3 of 4: no room now",
            "  bundles 1, 2, 3 on 127.0.0.1:1: needs GPU 1, free 0 of 2 beside bundle 0",
            "  bundles 1, 2, 3 on 127.0.0.1:2: needs GPU 1, free 0 of 2",
            "  would fit with GPU 1 more free on 127.0.0.1:1 and GPU 2 more free on 127.0.0.1:2",
            "  or with 2 more nodes like 127.0.0.1:1 (CPU 16, GPU 2)");
  }

  @Test
  void explain_bundleLargerThanAnyNode_saysWhatNodeItNeeds() {
    Explanation why = infeasible(group("g", PACK, 8), nodes(4, 4));

    assertThat(why.lines())
        .containsExactly(
            "bundle 0 of 1: no room even if all nodes were free",
            "  bundle 0 on 127.0.0.1:1, 127.0.0.1:2: needs GPU 8, free 4 of 4",
            "  would fit with 1 more node of GPU 8");
  }

  @Test
  void explain_strictPack_speaksOfTheSum() {
    Explanation why = infeasible(ones(4, STRICT_PACK), nodes(2, 2));

    assertThat(why.summary())
        .isEqualTo("STRICT_PACK needs GPU 4 on one node, which no node has at all");
    assertThat(why.remedyLines())
        .containsExactly("would fit with 1 more node of GPU 4", "or with strategy PACK");
  }

  @Test
  void explain_strictSpread_namesTheBundleThatTookTheNode() {
    Explanation why = infeasible(ones(3, STRICT_SPREAD), nodes(2, 2));

    assertThat(why.lines())
        .containsExactly(
            "STRICT_SPREAD needs a node for each of 3 bundles; bundle 2 finds none even if all nodes"
                + " were free",
            "  bundle 2 on 127.0.0.1:1: is needed for bundle 0",
            "  bundle 2 on 127.0.0.1:2: is needed for bundle 1",
            "  would fit with 1 more node like 127.0.0.1:1 (CPU 16, GPU 2)",
            "  or with strategy SPREAD");
  }

  @Test
  void explain_noNodes_saysSo() {
    assertThat(infeasible(ones(1, PACK), List.of()).summary())
        .isEqualTo("there is no worker node yet");
  }
}
