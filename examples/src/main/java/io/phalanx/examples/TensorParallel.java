package io.phalanx.examples;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.Phalanx;
import java.util.List;

/**
 * Tensor parallelism: every layer is cut over two ranks. Between one and two replicas, by backlog.
 *
 * <p>The same as {@code conf/tensor-parallel.conf}.
 */
public final class TensorParallel {
  private TensorParallel() {}

  /** Returns what to serve. */
  public static LlmConfig config() {
    return LlmConfig.builder()
        .modelId("llama-3.1-8b")
        .modelSource(ModelSources.fromEnvironment())
        .minReplicas(1)
        .maxReplicas(2)
        .acceleratorType("L4")
        .tensorParallelSize(2)
        .maxModelLen(8192)
        .build();
  }

  /** Serves until it is stopped. */
  public static void main(String[] args) {
    Phalanx.serve(List.of(config()));
  }
}
