package io.phalanx.examples;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.Phalanx;
import io.phalanx.placement.PlacementStrategy;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * A placement group of one's own: four bundles, spread over as many nodes as there are.
 *
 * <p>The same as {@code conf/custom-placement.conf}.
 */
public final class CustomPlacement {
  private CustomPlacement() {}

  /** Returns what to serve. */
  public static LlmConfig config() {
    return LlmConfig.builder()
        .modelId("llama-3.1-8b")
        .modelSource(ModelSources.fromEnvironment())
        .minReplicas(1)
        .maxReplicas(1)
        .acceleratorType("L4")
        .tensorParallelSize(4)
        .maxModelLen(8192)
        .bundles(Collections.nCopies(4, Map.of("GPU", 1.0)))
        .strategy(PlacementStrategy.SPREAD)
        .build();
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Phalanx.serve(List.of(config()));
  }
}
