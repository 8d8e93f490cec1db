package io.phalanx.http.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.DeploymentConfig;
import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.LlmConfigs;
import io.phalanx.llm.ModelLoadingConfig;
import io.phalanx.llm.PlacementGroupConfig;
import io.phalanx.llm.ReplicaResources;
import io.phalanx.llm.RequestRouterConfig;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * A model's configuration as JSON, with the names of {@code phalanx.llm-configs}: what is written
 * here can be read here, and pasted into a file.
 */
public final class LlmConfigJson {
  private static final int NANOS_PER_MILLI = 1_000_000;
  private static final int NANOS_PER_SECOND = 1_000_000_000;

  private LlmConfigJson() {}

  /**
   * Reads a configuration; Ray's snake_case spellings mean the same.
   *
   * @param json the keys of one entry of {@code llm-configs}
   * @throws ServingException {@code INVALID_CONFIGURATION} that names the key, the value and the
   *     fix
   */
  public static LlmConfig read(ObjectNode json) {
    String text = "{\"phalanx\": {\"llm-configs\": [" + json + "]}}";
    ConfigParseOptions syntax =
        ConfigParseOptions.defaults()
            .setSyntax(ConfigSyntax.JSON)
            .setOriginDescription("request body");
    try {
      return LlmConfigs.parse(ConfigFactory.parseString(text, syntax)).get(0);
    } catch (ConfigException e) {
      throw new ServingException(
          ErrorCode.INVALID_CONFIGURATION, String.valueOf(e.getMessage()), e);
    }
  }

  /** Writes every key that has a value. */
  public static ObjectNode write(LlmConfig config) {
    ObjectNode json = object();
    json.set("model-loading-config", model(config.modelLoadingConfig()));
    json.set("deployment-config", deployment(config.deploymentConfig()));
    config.acceleratorType().ifPresent(type -> json.put("accelerator-type", type));
    json.set("engine-kwargs", engine(config.engineKwargs()));
    if (!config.placementGroupConfig().equals(PlacementGroupConfig.DEFAULT)) {
      json.set("placement-group-config", placement(config.placementGroupConfig()));
    }
    return json;
  }

  private static ObjectNode model(ModelLoadingConfig model) {
    ObjectNode json = object();
    json.put("model-id", model.modelId()).put("model-source", model.modelSource());
    model.tokenizerSource().ifPresent(source -> json.put("tokenizer-source", source));
    return json;
  }

  private static ObjectNode deployment(DeploymentConfig deployment) {
    ObjectNode json = object();
    json.set("autoscaling-config", autoscaling(deployment.autoscaling()));
    deployment.maxOngoingRequests().ifPresent(most -> json.put("max-ongoing-requests", most));
    json.put("max-queued-requests", deployment.maxQueuedRequests());
    deployment.requestTimeout().ifPresent(most -> json.put("request-timeout", text(most)));
    RequestRouterConfig router = deployment.requestRouter();
    json.putObject("request-router")
        .put("policy", text(router.policy()))
        .put("imbalance-threshold", router.imbalanceThreshold())
        .put("session-header", router.sessionHeader());
    json.put("graceful-shutdown-timeout", text(deployment.gracefulShutdownTimeout()));
    ReplicaResources options = deployment.actorOptions();
    ObjectNode actor = json.putObject("actor-options");
    actor.put("num-cpus", options.numCpus()).put("num-gpus", options.numGpus());
    actor.put("memory", options.memoryBytes()).set("resources", numbers(options.resources()));
    return json;
  }

  private static ObjectNode autoscaling(AutoscalingConfig scaling) {
    ObjectNode json = object();
    json.put("min-replicas", scaling.minReplicas()).put("max-replicas", scaling.maxReplicas());
    scaling.initialReplicas().ifPresent(count -> json.put("initial-replicas", count));
    scaling.targetOngoingRequests().ifPresent(most -> json.put("target-ongoing-requests", most));
    scaling.targetBacklogTokens().ifPresent(most -> json.put("target-backlog-tokens", most));
    json.put("look-back-period", text(scaling.lookBackPeriod()));
    json.put("aggregation-function", text(scaling.aggregationFunction()));
    json.put("upscale-delay", text(scaling.upscaleDelay()));
    json.put("downscale-delay", text(scaling.downscaleDelay()));
    scaling
        .downscaleToZeroDelay()
        .ifPresent(delay -> json.put("downscale-to-zero-delay", text(delay)));
    json.put("downscale-headroom", scaling.downscaleHeadroom());
    json.put("upscaling-factor", scaling.upscalingFactor());
    return json.put("downscaling-factor", scaling.downscalingFactor());
  }

  private static ObjectNode engine(EngineKwargs engine) {
    ObjectNode json = object();
    json.put("tensor-parallel-size", engine.parallel().tensorParallelSize());
    json.put("pipeline-parallel-size", engine.parallel().pipelineParallelSize());
    json.put("data-parallel-size", engine.parallel().dataParallelSize());
    engine.maxModelLength().ifPresent(length -> json.put("max-model-len", length));
    json.put("max-num-batched-tokens", engine.maxNumBatchedTokens());
    json.put("max-num-seqs", engine.maxNumSequences());
    json.put("enable-chunked-prefill", engine.enableChunkedPrefill());
    json.put("block-size", engine.blockSize());
    engine.kvCacheMemoryBytes().ifPresent(bytes -> json.put("kv-cache-memory", bytes));
    json.put("kv-cache-dtype", text(engine.kvCacheType()));
    json.put("gpu-memory-utilization", engine.gpuMemoryUtilization());
    json.put("enable-prefix-caching", engine.enablePrefixCaching());
    engine.stepLatency().ifPresent(latency -> json.put("step-latency", text(latency)));
    json.put("scheduling-policy", text(engine.schedulingPolicy()));
    json.put("batch-invariant", engine.batchInvariant());
    engine.seed().ifPresent(seed -> json.put("seed", seed));
    json.put("dtype", engine.dtype().toString());
    return json.put("quantization", text(engine.quantization()));
  }

  private static ObjectNode placement(PlacementGroupConfig placement) {
    ObjectNode json = object();
    if (!placement.bundles().isEmpty()) {
      ArrayNode bundles = json.putArray("bundles");
      placement.bundles().forEach(bundle -> bundles.add(numbers(bundle)));
    }
    placement.bundlePerWorker().ifPresent(bundle -> json.set("bundle-per-worker", numbers(bundle)));
    if (!placement.bundleLabelSelectors().isEmpty()) {
      ArrayNode selectors = json.putArray("bundle-label-selector");
      placement
          .bundleLabelSelectors()
          .forEach(selector -> new TreeMap<>(selector).forEach(selectors.addObject()::put));
    }
    return json.put("strategy", placement.strategy().name());
  }

  private static ObjectNode numbers(Map<String, Double> numbers) {
    ObjectNode json = object();
    new TreeMap<>(numbers).forEach(json::put);
    return json;
  }

  private static String text(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Returns such as {@code 2 s}, {@code 500 ms} or {@code 1 ns}: exact, and HOCON. */
  private static String text(Duration duration) {
    long nanos = duration.toNanos();
    if (nanos % NANOS_PER_SECOND == 0) {
      return nanos / NANOS_PER_SECOND + " s";
    }
    return nanos % NANOS_PER_MILLI == 0 ? nanos / NANOS_PER_MILLI + " ms" : nanos + " ns";
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }
}
