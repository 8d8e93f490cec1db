package io.phalanx.llm;

import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import io.phalanx.placement.PlacementStrategy;
import java.time.Duration;
import java.util.Map;

/** A configuration in which every key is set that goes with any other, none to its default. */
public final class FullConfig {

  private FullConfig() {}

  /** Returns a builder of it. */
  public static LlmConfigBuilder builder() {
    return LlmConfig.builder()
        .modelId("m")
        .modelSource("org/m@v1")
        .tokenizerSource("t")
        .minReplicas(1)
        .maxReplicas(4)
        .initialReplicas(2)
        .targetOngoingRequests(7.5)
        .targetBacklogTokens(9000)
        .lookBackPeriod(Duration.ofSeconds(3))
        .aggregationFunction(AggregationFunction.MAX)
        .upscaleDelay(Duration.ofSeconds(4))
        .downscaleDelay(Duration.ofSeconds(5))
        .downscaleToZeroDelay(Duration.ofSeconds(50))
        .downscaleHeadroom(0.25)
        .upscalingFactor(2)
        .downscalingFactor(0.5)
        .maxOngoingRequests(10)
        .maxQueuedRequests(-1)
        .gracefulShutdownTimeout(Duration.ofSeconds(6))
        .actorOptions(new ReplicaResources(2, 1, 1024, Map.of("disk", 3.0)))
        .acceleratorType("A10G")
        .tensorParallelSize(2)
        .pipelineParallelSize(2)
        .maxModelLen(100)
        .maxNumBatchedTokens(64)
        .maxNumSeqs(8)
        .enableChunkedPrefill(false)
        .blockSize(4)
        .kvCacheMemory(2 << 20)
        .kvCacheType(KvCacheType.INT16_PER_TOKEN_HEAD)
        .gpuMemoryUtilization(0.5)
        .enablePrefixCaching(false)
        .stepLatency(Duration.ofMillis(70))
        .batchInvariant(true)
        .seed(11)
        .dtype(Dtype.FLOAT16)
        .quantization(Quantization.INT8)
        .strategy(PlacementStrategy.STRICT_SPREAD);
  }
}
