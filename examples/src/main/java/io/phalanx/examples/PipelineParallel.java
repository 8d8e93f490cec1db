package io.phalanx.examples;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.Phalanx;
import java.util.List;

/**
 * Pipeline parallelism: each of two ranks holds half of the layers.
 *
 * <p>The same as {@code conf/pipeline-parallel.conf}.
 */
public final class PipelineParallel {
  private PipelineParallel() {}

  /** Returns what to serve. */
  public static LlmConfig config() {
    return LlmConfig.builder()
        .modelId("llama-3.1-8b")
        .modelSource(ModelSources.fromEnvironment())
        .minReplicas(1)
        .maxReplicas(1)
        .acceleratorType("L4")
        .pipelineParallelSize(2)
        .maxModelLen(8192)
        .build();
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Phalanx.serve(List.of(config()));
  }
}
