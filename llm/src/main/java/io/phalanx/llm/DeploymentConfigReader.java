package io.phalanx.llm;

import com.typesafe.config.ConfigValueType;
import io.phalanx.runtime.config.ConfigReader;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** The reader of {@code deployment-config}. */
final class DeploymentConfigReader {
  /** Ray's {@code num_replicas = "auto"}. */
  private static final int AUTO_MAX_REPLICAS = 100;

  private static final double NANOS_PER_SECOND = 1e9;

  private final LlmConfigBuilder builder;

  DeploymentConfigReader(LlmConfigBuilder builder) {
    this.builder = builder;
  }

  void read(ConfigReader deployment) {
    RefusedKeys.refuse(deployment, RefusedKeys.OF_DEPLOYMENT);
    RefusedKeys.refuse(
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
    RefusedKeys.refuse(scaling, RefusedKeys.OF_AUTOSCALING);
    scaling.optionalInteger("min-replicas").ifPresent(builder::minReplicas);
    scaling.optionalInteger("max-replicas").ifPresent(builder::maxReplicas);
    scaling.optionalInteger("initial-replicas").ifPresent(builder::initialReplicas);
    scaling.optionalNumber("target-ongoing-requests").ifPresent(builder::targetOngoingRequests);
    scaling.optionalNumber("target-backlog-tokens").ifPresent(builder::targetBacklogTokens);
    seconds(scaling, "look-back-period", builder::lookBackPeriod);
    scaling
        .optionalEnum("aggregation-function", AggregationFunction.class)
        .ifPresent(builder::aggregationFunction);
    seconds(scaling, "upscale-delay", builder::upscaleDelay);
    seconds(scaling, "downscale-delay", builder::downscaleDelay);
    seconds(scaling, "downscale-to-zero-delay", builder::downscaleToZeroDelay);
    scaling.optionalNumber("downscale-headroom").ifPresent(builder::downscaleHeadroom);
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
      throw e.code() == ErrorCode.INVALID_CONFIGURATION ? options.error(e.reason()) : e;
    }
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
}
