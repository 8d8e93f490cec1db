package io.phalanx.examples;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.Phalanx;
import java.util.List;

/**
 * Data parallelism: two copies that start, scale and restart together, each on one node of its own
 * choice: the strategy is overridden to STRICT_PACK.
 *
 * <p>The same as {@code conf/data-parallel.conf}.
 */
public final class DataParallel {
  private DataParallel() {}

  /** Returns what to serve. */
  public static LlmConfig config() {
    return LlmConfig.builder()
        .modelId("llama-3.1-8b")
        .modelSource(ModelSources.fromEnvironment())
        .acceleratorType("L4")
        .dataParallelSize(2)
        .tensorParallelSize(2)
        .maxModelLen(8192)
        .build();
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Phalanx.serve(List.of(config()));
  }
}
