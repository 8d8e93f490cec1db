package io.phalanx.examples;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.Phalanx;
import java.util.List;

/**
 * Both: two pipeline stages of two ranks each, four GPUs in all, and prompts computed in chunks.
 *
 * <p>The same as {@code conf/tensor-and-pipeline-parallel.conf}.
 */
public final class TensorAndPipelineParallel {
  private TensorAndPipelineParallel() {}

  /** Returns what to serve. */
  public static LlmConfig config() {
    return LlmConfig.builder()
        .modelId("llama-3.1-8b")
        .modelSource(ModelSources.fromEnvironment())
        .minReplicas(1)
        .maxReplicas(1)
        .acceleratorType("L4")
        .tensorParallelSize(2)
        .pipelineParallelSize(2)
        .maxModelLen(8192)
        .enableChunkedPrefill(true)
        .maxNumBatchedTokens(4096)
        .build();
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Phalanx.serve(List.of(config()));
  }
}
