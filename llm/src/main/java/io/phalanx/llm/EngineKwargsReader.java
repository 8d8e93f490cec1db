package io.phalanx.llm;

import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import io.phalanx.runtime.config.ConfigReader;
import java.util.Set;

/** The reader of {@code engine-kwargs}. */
final class EngineKwargsReader {
  /** Arguments of vLLM's engine that mean something there and nothing here yet. */
  private static final Set<String> UNSUPPORTED_ENGINE_ARGUMENTS =
      Set.of(
          "attention-backend",
          "block-manager",
          "calculate-kv-scales",
          "compilation-config",
          "cpu-offload-gb",
          "disable-log-stats",
          "distributed-executor-backend",
          "enable-expert-parallel",
          "enable-lora",
          "enforce-eager",
          "guided-decoding-backend",
          "hf-overrides",
          "kv-transfer-config",
          "limit-mm-per-prompt",
          "load-format",
          "long-prefill-token-threshold",
          "lora-modules",
          "max-loras",
          "max-lora-rank",
          "max-parallel-loading-workers",
          "max-seq-len-to-capture",
          "num-gpu-blocks-override",
          "num-scheduler-steps",
          "override-generation-config",
          "revision",
          "rope-scaling",
          "rope-theta",
          "speculative-config",
          "structured-outputs-config",
          "swap-space",
          "task",
          "tokenizer-mode",
          "trust-remote-code",
          "use-tqdm-on-load");

  private final LlmConfigBuilder builder;

  EngineKwargsReader(LlmConfigBuilder builder) {
    this.builder = builder;
  }

  void read(ConfigReader engine) {
    RefusedKeys.refuse(
        engine,
        UNSUPPORTED_ENGINE_ARGUMENTS,
        "is an argument of vLLM that is not supported in this release; remove it");
    RefusedKeys.refuse(
        engine,
        Set.of("model", "served-model-name", "tokenizer"),
        "belongs in model-loading-config { model-id, model-source, tokenizer-source }");
    engine.optionalInteger("tensor-parallel-size").ifPresent(builder::tensorParallelSize);
    engine.optionalInteger("pipeline-parallel-size").ifPresent(builder::pipelineParallelSize);
    engine.optionalInteger("data-parallel-size").ifPresent(builder::dataParallelSize);
    engine.optionalInteger("max-model-len").ifPresent(builder::maxModelLen);
    engine.optionalInteger("max-num-batched-tokens").ifPresent(builder::maxNumBatchedTokens);
    engine.optionalInteger("max-num-seqs").ifPresent(builder::maxNumSeqs);
    engine.optionalBool("enable-chunked-prefill").ifPresent(builder::enableChunkedPrefill);
    engine.optionalInteger("block-size").ifPresent(builder::blockSize);
    engine
        .optionalBytes("kv-cache-memory")
        .or(() -> engine.optionalBytes("kv-cache-memory-bytes"))
        .ifPresent(builder::kvCacheMemory);
    engine.optionalEnum("kv-cache-dtype", KvCacheType.class).ifPresent(builder::kvCacheType);
    engine.optionalNumber("gpu-memory-utilization").ifPresent(builder::gpuMemoryUtilization);
    engine.optionalEnum("quantization", Quantization.class).ifPresent(builder::quantization);
    engine.optionalBool("enable-prefix-caching").ifPresent(builder::enablePrefixCaching);
    engine.optionalDuration("step-latency").ifPresent(builder::stepLatency);
    engine
        .optionalEnum("scheduling-policy", SchedulingPolicy.class)
        .ifPresent(builder::schedulingPolicy);
    engine.optionalBool("batch-invariant").ifPresent(builder::batchInvariant);
    engine.optionalLong("seed").ifPresent(builder::seed);
    engine.optionalString("dtype").map(name -> dtype(engine, name)).ifPresent(builder::dtype);
  }

  private static Dtype dtype(ConfigReader engine, String name) {
    return Dtype.ofName(name)
        .orElseThrow(
            () ->
                engine.error(
                    "dtype",
                    "["
                        + name
                        + "] is none of auto, float32 (float), bfloat16, float16 (half); give one"
                        + " of these or leave it out"));
  }
}
