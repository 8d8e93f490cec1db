package io.phalanx.llm.serving;

import com.typesafe.config.Config;
import io.phalanx.runtime.RankSettings;
import io.phalanx.runtime.config.ConfigReader;
import java.time.Duration;

/**
 * How the actors of deployments behave; the typed view of {@code phalanx.serving}.
 *
 * @param stepTimeout how long a step of a replica may take before one of its ranks counts as stuck
 * @param startTimeout how long a replica may take until its first token
 * @param restartDelay how long a deployment waits before a failed replica is started again
 * @param maxRestartDelay the longest such wait, after several failures
 * @param autoscalingInterval how often a deployment looks at its backlog
 * @param adoptionTimeout how long a controller that takes over waits for replicas that run
 * @param reportInterval how often a replica tells its backlog
 * @param resendAfter after how long without an event an ingress asks for it
 * @param waitForReplica how long a request may wait at an ingress while there is no replica at all
 * @param kvMemoryShare share of free memory for the KV caches of a JVM
 * @param ranks what the ranks of this node may use, from {@code phalanx.node} and {@code
 *     phalanx.runtime}
 */
public record ServingSettings(
    Duration stepTimeout,
    Duration startTimeout,
    Duration restartDelay,
    Duration maxRestartDelay,
    Duration autoscalingInterval,
    Duration adoptionTimeout,
    Duration reportInterval,
    Duration resendAfter,
    Duration waitForReplica,
    double kvMemoryShare,
    RankSettings ranks) {

  /** The path of the mailbox that replicas have. */
  static final String REPLICA_MAILBOX = "phalanx.serving.replica-mailbox";

  /** Reads {@code phalanx.serving}; refuses keys it does not know. */
  public static ServingSettings of(Config config) {
    ConfigReader serving = ConfigReader.of(config, "phalanx.serving");
    ServingSettings settings =
        new ServingSettings(
            positive(serving, "step-timeout"),
            positive(serving, "start-timeout"),
            positive(serving, "restart-delay"),
            positive(serving, "max-restart-delay"),
            positive(serving, "autoscaling-interval"),
            positive(serving, "adoption-timeout"),
            positive(serving, "report-interval"),
            positive(serving, "resend-after"),
            positive(serving, "wait-for-replica"),
            serving.number("kv-memory-share", 0.0001, 1),
            RankSettings.of(config));
    serving.know("replica-mailbox").rejectUnknown();
    return settings;
  }

  private static Duration positive(ConfigReader serving, String key) {
    Duration value = serving.duration(key);
    if (value.isZero()) {
      throw serving.error(key, "[0] must be longer than 0");
    }
    return value;
  }
}
