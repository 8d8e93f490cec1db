package io.phalanx.llm;

import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Optional;

/**
 * The arguments of a model's engine; names and meanings are vLLM's.
 *
 * @param parallel over how many ranks the model is spread
 * @param maxModelLength most tokens of prompt and answer together; the model's own if absent
 * @param maxNumBatchedTokens most tokens that one step computes, over all sequences
 * @param maxNumSequences most sequences that one step computes
 * @param enableChunkedPrefill whether a prompt may be computed over several steps
 * @param blockSize tokens of one block of keys and values
 * @param kvCacheMemoryBytes memory for keys and values of one rank; chosen from what is free if
 *     absent
 * @param kvCacheType in which numbers keys and values are kept
 * @param gpuMemoryUtilization share of a GPU's memory that a rank may use, in (0, 1]
 * @param enablePrefixCaching whether sequences share the keys and values of equal beginnings
 * @param stepLatency how long chunks of prompts may make a step while streams run; absent for a
 *     bounded slowdown of the streams
 * @param schedulingPolicy in which order requests wait, at the ingresses and in the engine
 * @param batchInvariant whether a request's tokens must not depend, to the bit, on what else is in
 *     its batch
 * @param seed what the seeds of requests that bring none of their own are drawn from; random if
 *     absent
 * @param dtype the least precision to compute in
 * @param quantization how the weights of linear layers are stored and multiplied
 */
public record EngineKwargs(
    ParallelConfig parallel,
    Optional<Integer> maxModelLength,
    int maxNumBatchedTokens,
    int maxNumSequences,
    boolean enableChunkedPrefill,
    int blockSize,
    Optional<Long> kvCacheMemoryBytes,
    KvCacheType kvCacheType,
    double gpuMemoryUtilization,
    boolean enablePrefixCaching,
    Optional<Duration> stepLatency,
    SchedulingPolicy schedulingPolicy,
    boolean batchInvariant,
    Optional<Long> seed,
    Dtype dtype,
    Quantization quantization) {

  /** One rank and the defaults of everything else. */
  public static final EngineKwargs DEFAULT =
      new EngineKwargs(
          new ParallelConfig(1, 1, 1),
          Optional.empty(),
          2048,
          64,
          true,
          16,
          Optional.empty(),
          KvCacheType.AUTO,
          0.9,
          true,
          Optional.empty(),
          SchedulingPolicy.FCFS,
          false,
          Optional.empty(),
          Dtype.AUTO,
          Quantization.NONE);

  /** Checks the ranges. */
  public EngineKwargs {
    int length = maxModelLength.orElse(1);
    require(length >= 1, "max-model-len", length, "at least 1");
    require(
        maxNumBatchedTokens >= 1 && maxNumBatchedTokens <= 1 << 20,
        "max-num-batched-tokens",
        maxNumBatchedTokens,
        "from 1 to 1048576");
    require(
        maxNumSequences >= 1 && maxNumSequences <= 1 << 16,
        "max-num-seqs",
        maxNumSequences,
        "from 1 to 65536");
    require(
        maxNumBatchedTokens >= maxNumSequences,
        "max-num-batched-tokens",
        maxNumBatchedTokens,
        "at least max-num-seqs, which is " + maxNumSequences);
    require(blockSize >= 1 && blockSize <= 1024, "block-size", blockSize, "from 1 to 1024");
    long memory = kvCacheMemoryBytes.orElse(1L);
    require(memory > 0, "kv-cache-memory", memory, "above 0 bytes");
    require(
        gpuMemoryUtilization > 0 && gpuMemoryUtilization <= 1,
        "gpu-memory-utilization",
        gpuMemoryUtilization,
        "above 0 and at most 1");
    Duration latency = stepLatency.orElse(Duration.ofMillis(1));
    require(latency.compareTo(Duration.ZERO) > 0, "step-latency", latency, "above 0");
  }

  /**
   * Returns the most tokens of one sequence of a model.
   *
   * @throws ServingException {@code INVALID_CONFIGURATION} if more are asked for than the model has
   *     positions for
   */
  public int maxModelLength(ModelConfig model) {
    int positions = model.maxPositionEmbeddings();
    int length = maxModelLength.orElse(positions);
    require(
        length <= positions,
        "max-model-len",
        length,
        "at most the model's own maximum, which is "
            + positions
            + " (max_position_embeddings in its config.json); lower it or leave it out");
    return length;
  }

  private static void require(boolean holds, String key, Object value, String allowed) {
    ConfigRange.require(holds, "engine-kwargs." + key, value, allowed);
  }
}
