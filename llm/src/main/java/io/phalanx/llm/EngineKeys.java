package io.phalanx.llm;

import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The part of {@link LlmConfigBuilder} with the keys of {@code engine-kwargs}. */
abstract sealed class EngineKeys permits DeploymentKeys {
  private static final EngineKwargs ENGINE = EngineKwargs.DEFAULT;

  private int tensorParallelSize = 1;
  private int pipelineParallelSize = 1;
  private int dataParallelSize = 1;
  private @Nullable Integer maxModelLen;
  private @Nullable Integer maxNumBatchedTokens;
  private int maxNumSeqs = ENGINE.maxNumSequences();
  private boolean enableChunkedPrefill = ENGINE.enableChunkedPrefill();
  private int blockSize = ENGINE.blockSize();
  private @Nullable Long kvCacheMemory;
  private KvCacheType kvCacheType = ENGINE.kvCacheType();
  private double gpuMemoryUtilization = ENGINE.gpuMemoryUtilization();
  private boolean enablePrefixCaching = ENGINE.enablePrefixCaching();
  private @Nullable Duration stepLatency;
  private SchedulingPolicy schedulingPolicy = ENGINE.schedulingPolicy();
  private boolean batchInvariant = ENGINE.batchInvariant();
  private @Nullable Long seed;
  private Dtype dtype = ENGINE.dtype();
  private Quantization quantization = ENGINE.quantization();

  /** Returns the whole builder. */
  abstract LlmConfigBuilder self();

  /** Sets how many ranks share each layer. */
  public LlmConfigBuilder tensorParallelSize(int value) {
    tensorParallelSize = value;
    return self();
  }

  /** Sets how many stages share the layers. */
  public LlmConfigBuilder pipelineParallelSize(int value) {
    pipelineParallelSize = value;
    return self();
  }

  /** Sets how many replicas form a gang; above 1 the strategy becomes STRICT_PACK. */
  public LlmConfigBuilder dataParallelSize(int value) {
    dataParallelSize = value;
    return self();
  }

  /** Sets the most tokens of prompt and answer together; the model's own by default. */
  public LlmConfigBuilder maxModelLen(int value) {
    maxModelLen = value;
    return self();
  }

  /** Sets the most tokens that one step computes. */
  public LlmConfigBuilder maxNumBatchedTokens(int value) {
    maxNumBatchedTokens = value;
    return self();
  }

  /** Sets the most sequences that one step computes. */
  public LlmConfigBuilder maxNumSeqs(int value) {
    maxNumSeqs = value;
    return self();
  }

  /** Sets whether a prompt may be computed over several steps. */
  public LlmConfigBuilder enableChunkedPrefill(boolean value) {
    enableChunkedPrefill = value;
    return self();
  }

  /** Sets the tokens of one block of keys and values. */
  public LlmConfigBuilder blockSize(int value) {
    blockSize = value;
    return self();
  }

  /** Sets how the weights of linear layers are stored; as the checkpoint has them by default. */
  public LlmConfigBuilder quantization(Quantization value) {
    quantization = value;
    return self();
  }

  /** Sets the bytes for keys and values of one rank; chosen from what is free by default. */
  public LlmConfigBuilder kvCacheMemory(long value) {
    kvCacheMemory = value;
    return self();
  }

  /** In which numbers keys and values are kept; {@code AUTO} is 16 bits. */
  public LlmConfigBuilder kvCacheType(KvCacheType value) {
    kvCacheType = value;
    return self();
  }

  /** Sets the share of a GPU's memory that a rank may use. */
  public LlmConfigBuilder gpuMemoryUtilization(double value) {
    gpuMemoryUtilization = value;
    return self();
  }

  /** Sets whether sequences share the keys and values of equal beginnings. */
  public LlmConfigBuilder enablePrefixCaching(boolean value) {
    enablePrefixCaching = value;
    return self();
  }

  /** Sets how long chunks of prompts may make a step while streams run. */
  public LlmConfigBuilder stepLatency(Duration value) {
    stepLatency = value;
    return self();
  }

  /** Sets in which order requests wait. */
  public LlmConfigBuilder schedulingPolicy(SchedulingPolicy value) {
    schedulingPolicy = value;
    return self();
  }

  /** Sets whether a request's tokens must not depend on what else is in its batch. */
  public LlmConfigBuilder batchInvariant(boolean value) {
    batchInvariant = value;
    return self();
  }

  /** Sets what the seeds of requests that bring none are drawn from; random by default. */
  public LlmConfigBuilder seed(long value) {
    seed = value;
    return self();
  }

  /** Sets the least precision to compute in. */
  public LlmConfigBuilder dtype(Dtype value) {
    dtype = value;
    return self();
  }

  final EngineKwargs engineKwargs() {
    return new EngineKwargs(
        new ParallelConfig(tensorParallelSize, pipelineParallelSize, dataParallelSize),
        Optional.ofNullable(maxModelLen),
        maxNumBatchedTokens == null
            ? Math.max(ENGINE.maxNumBatchedTokens(), maxNumSeqs)
            : maxNumBatchedTokens,
        maxNumSeqs,
        enableChunkedPrefill,
        blockSize,
        Optional.ofNullable(kvCacheMemory),
        kvCacheType,
        gpuMemoryUtilization,
        enablePrefixCaching,
        Optional.ofNullable(stepLatency),
        schedulingPolicy,
        batchInvariant,
        Optional.ofNullable(seed),
        dtype,
        quantization);
  }
}
