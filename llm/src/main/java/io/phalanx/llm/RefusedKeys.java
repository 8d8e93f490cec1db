package io.phalanx.llm;

import io.phalanx.runtime.config.ConfigReader;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Keys of Ray's dictionaries that mean nothing here, and what to do instead. */
final class RefusedKeys {
  private static final String STEP_TIMEOUT =
      "a replica is healthy while its ranks make progress; remove it, or set"
          + " phalanx.serving.step-timeout";

  /** Of an entry of {@code llm-configs}. */
  static final Map<String, String> OF_MODEL =
      Map.of(
          "accelerator-config",
              "give accelerator-type, and placement-group-config for other bundles than"
                  + " { GPU = 1 }",
          "callback-config", "nothing is called back; remove it",
          "experimental-configs",
              "tokens are sent as they come and every ingress node routes; remove it",
          "llm-engine", "there is one engine; remove it",
          "log-engine-metrics", "/metrics always has the engine's metrics; remove it",
          "lora-config", "is not supported in this release; remove it",
          "runtime-env",
              "replicas run in the JVM of their node; set its environment where it is started",
          "server-cls", "there is one kind of server; remove it");

  /** Of {@code deployment-config}. */
  static final Map<String, String> OF_DEPLOYMENT =
      Map.of(
          "graceful-shutdown-wait-loop-s",
          "a replica that drains sees at once that its last request has ended; remove it",
          "health-check-period",
          STEP_TIMEOUT,
          "health-check-period-s",
          STEP_TIMEOUT,
          "health-check-timeout",
          STEP_TIMEOUT,
          "health-check-timeout-s",
          STEP_TIMEOUT,
          "logging-config",
          "set the levels in logback.xml; remove it",
          "request-router-config",
          "is request-router { policy, imbalance-threshold, session-header }",
          "user-config",
          "there is no user's code that would read it; remove it");

  /** Of {@code autoscaling-config}. */
  static final Map<String, String> OF_AUTOSCALING =
      Map.of(
          "downscale-smoothing-factor", "is now downscaling-factor",
          "metrics-interval-s",
              "replicas report every phalanx.serving.report-interval; set that for all",
          "policy", "there is one formula; remove it",
          "smoothing-factor", "is now upscaling-factor and downscaling-factor",
          "upscale-smoothing-factor", "is now upscaling-factor");

  private RefusedKeys() {}

  /** Refuses the first of these keys that is there, in the order of their names. */
  static void refuse(ConfigReader reader, Map<String, String> whyByKey) {
    new TreeMap<>(whyByKey)
        .forEach(
            (key, why) -> {
              if (reader.has(key)) {
                throw reader.error(key, why);
              }
            });
  }

  /** Refuses all of these keys for one reason. */
  static void refuse(ConfigReader reader, Set<String> keys, String why) {
    Map<String, String> whyByKey = new TreeMap<>();
    keys.forEach(key -> whyByKey.put(key, why));
    refuse(reader, whyByKey);
  }
}
