package io.phalanx.llm;

import com.typesafe.config.ConfigValueType;
import io.phalanx.llm.engine.SchedulingPolicy;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.config.ConfigReader;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** The reader of one entry of {@code phalanx.llm-configs}. */
final class LlmConfigReader {
  /** Ray's {@code num_replicas = "auto"}. */
  private static final int AUTO_MAX_REPLICAS = 100;

  private static final double NANOS_PER_SECOND = 1e9;

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

  /** Keys of Ray's LLMConfig and deployment options that mean nothing here yet. */
  private static final Set<String> UNSUPPORTED_KEYS =
      Set.of(
          "accelerator-config",
          "callback-config",
          "experimental-configs",
          "health-check-period",
          "health-check-period-s",
          "health-check-timeout",
          "health-check-timeout-s",
          "llm-engine",
          "log-engine-metrics",
          "logging-config",
          "lora-config",
          "request-router-config",
          "runtime-env",
          "server-cls",
          "user-config",
          "metrics-interval-s",
          "smoothing-factor",
          "downscale-to-zero-delay-s",
          "graceful-shutdown-wait-loop-s");

  private final ConfigReader entry;
  private final LlmConfigBuilder builder = LlmConfig.builder();

  LlmConfigReader(ConfigReader entry) {
    this.entry = entry;
  }

  LlmConfig read() {
    refuse(entry, UNSUPPORTED_KEYS, "is not supported in this release; remove it");
    readModel(entry.child("model-loading-config"));
    entry.optionalChild("deployment-config").ifPresent(this::readDeployment);
    entry
        .optionalString("accelerator-type")
        .map(this::acceleratorType)
        .ifPresent(builder::acceleratorType);
    entry.optionalChild("engine-kwargs").ifPresent(this::readEngine);
    entry.optionalChild("placement-group-config").ifPresent(this::readPlacement);
    entry.rejectUnknown();
    try {
      return builder.build();
    } catch (ServingException e) {
      throw entry.error(e.reason());
    }
  }

  private void readModel(ConfigReader model) {
    builder.modelId(model.string("model-id"));
    model.optionalString("model-source").ifPresent(builder::modelSource);
    model.optionalString("tokenizer-source").ifPresent(builder::tokenizerSource);
  }

  private String acceleratorType(String value) {
    if (!value.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw entry.error("accelerator-type", "[" + value + "] is not a name such as L4 or H100");
    }
    return value.equals("A10") ? "A10G" : value;
  }

  private void readDeployment(ConfigReader deployment) {
    refuse(deployment, UNSUPPORTED_KEYS, "is not supported in this release; remove it");
    refuse(
        deployment,
        Set.of("placement-group-bundles", "placement-group-strategy"),
        "belongs in placement-group-config { bundles, strategy }");
    deployment.know("name");
    boolean counted = readNumReplicas(deployment);
    Optional<ConfigReader> scaling = deployment.optionalChild("autoscaling-config");
    if (counted && scaling.isPresent()) {
      throw deployment.error(
          "num-replicas", "a fixed count and autoscaling-config exclude each other; keep one");
    }
    scaling.ifPresent(this::readAutoscaling);
    deployment.optionalInteger("max-ongoing-requests").ifPresent(builder::maxOngoingRequests);
    deployment.optionalInteger("max-queued-requests").ifPresent(builder::maxQueuedRequests);
    seconds(deployment, "request-timeout", builder::requestTimeout);
    deployment.optionalChild("request-router").ifPresent(this::readRequestRouter);
    seconds(deployment, "graceful-shutdown-timeout", builder::gracefulShutdownTimeout);
    deployment
        .optionalChild("actor-options")
        .or(() -> deployment.optionalChild("ray-actor-options"))
        .ifPresent(this::readActorOptions);
  }

  private void readRequestRouter(ConfigReader router) {
    router.optionalEnum("policy", RoutingPolicy.class).ifPresent(builder::routingPolicy);
    router.optionalInteger("imbalance-threshold").ifPresent(builder::imbalanceThreshold);
    router
        .optionalString("session-header")
        .map(name -> name.toLowerCase(Locale.ROOT))
        .ifPresent(builder::sessionHeader);
  }

  /** Returns whether a fixed number is given. */
  private boolean readNumReplicas(ConfigReader deployment) {
    if (!deployment.has("num-replicas")) {
      return false;
    }
    if (deployment.value("num-replicas").valueType() == ConfigValueType.STRING
        && deployment.string("num-replicas").equals("auto")) {
      builder.minReplicas(1).maxReplicas(AUTO_MAX_REPLICAS);
      return false;
    }
    builder.numReplicas(deployment.integer("num-replicas"));
    return true;
  }

  private void readAutoscaling(ConfigReader scaling) {
    refuse(scaling, UNSUPPORTED_KEYS, "is not supported in this release; remove it");
    scaling.optionalInteger("min-replicas").ifPresent(builder::minReplicas);
    scaling.optionalInteger("max-replicas").ifPresent(builder::maxReplicas);
    scaling.optionalInteger("initial-replicas").ifPresent(builder::initialReplicas);
    scaling.optionalNumber("target-ongoing-requests").ifPresent(builder::targetOngoingRequests);
    seconds(scaling, "look-back-period", builder::lookBackPeriod);
    seconds(scaling, "upscale-delay", builder::upscaleDelay);
    seconds(scaling, "downscale-delay", builder::downscaleDelay);
    scaling.optionalNumber("upscaling-factor").ifPresent(builder::upscalingFactor);
    scaling.optionalNumber("downscaling-factor").ifPresent(builder::downscalingFactor);
  }

  private void readActorOptions(ConfigReader options) {
    ReplicaResources defaults = ReplicaResources.DEFAULT;
    Map<String, Double> resources =
        options.has("resources") ? options.numberMap("resources") : Map.of();
    try {
      builder.actorOptions(
          new ReplicaResources(
              options.optionalNumber("num-cpus").orElse(defaults.numCpus()),
              options.optionalNumber("num-gpus").orElse(defaults.numGpus()),
              options.optionalBytes("memory").orElse(defaults.memoryBytes()),
              resources));
    } catch (ServingException e) {
      throw e.code() == ErrorCode.INVALID_CONFIGURATION ? entry.error(e.reason()) : e;
    }
  }

  private void readEngine(ConfigReader engine) {
    refuse(
        engine,
        UNSUPPORTED_ENGINE_ARGUMENTS,
        "is an argument of vLLM that is not supported in this release; remove it");
    refuse(
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

  private void readPlacement(ConfigReader placement) {
    if (!placement.has("bundles")
        && !placement.has("bundle-per-worker")
        && !placement.has("strategy")) {
      throw placement.error("{} is empty; give bundles or bundle-per-worker, and a strategy");
    }
    builder.bundles(
        placement.childrenOrEmpty("bundles").stream().map(LlmConfigReader::amounts).toList());
    placement
        .optionalChild("bundle-per-worker")
        .map(LlmConfigReader::amounts)
        .ifPresent(builder::bundlePerWorker);
    List<Map<String, String>> selectors =
        placement.childrenOrEmpty("bundle-label-selector").stream()
            .map(LlmConfigReader::labels)
            .toList();
    builder.bundleLabelSelector(selectors);
    placement.optionalEnum("strategy", PlacementStrategy.class).ifPresent(builder::strategy);
  }

  private static Map<String, Double> amounts(ConfigReader bundle) {
    Map<String, Double> result = new HashMap<>();
    bundle.keys().forEach(name -> result.put(name, bundle.number(name)));
    return result;
  }

  private static Map<String, String> labels(ConfigReader selector) {
    Map<String, String> result = new HashMap<>();
    selector.keys().forEach(name -> result.put(name, selector.string(name)));
    return result;
  }

  /** Reads a duration, or the same as a number of seconds under Ray's name with {@code _s}. */
  private static void seconds(ConfigReader reader, String key, Consumer<Duration> set) {
    Optional<Double> seconds = reader.optionalNumber(key + "-s");
    if (seconds.isPresent() && reader.has(key)) {
      throw reader.error(key, "given twice, also as [" + key + "-s]; keep one");
    }
    seconds.map(value -> Duration.ofNanos(Math.round(value * NANOS_PER_SECOND))).ifPresent(set);
    reader.optionalDuration(key).ifPresent(set);
  }

  private static void refuse(ConfigReader reader, Set<String> keys, String why) {
    for (String key : keys.stream().sorted().toList()) {
      if (reader.has(key)) {
        throw reader.error(key, why);
      }
    }
  }
}
