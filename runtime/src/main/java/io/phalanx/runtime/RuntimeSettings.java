package io.phalanx.runtime;

import com.typesafe.config.Config;
import io.phalanx.runtime.config.ConfigReader;

/**
 * The typed view of what the runtime reads of a configuration.
 *
 * @param node what the node of this JVM is
 * @param localCluster the logical nodes of {@code serve}
 * @param ranks what the ranks of this JVM may use
 */
public record RuntimeSettings(
    NodeSettings node, LocalClusterSettings localCluster, RankSettings ranks) {

  /**
   * Reads {@code phalanx.node}, {@code phalanx.local-cluster} and {@code phalanx.runtime}; refuses
   * keys it does not know.
   */
  public static RuntimeSettings of(Config config) {
    ConfigReader node = ConfigReader.of(config, "phalanx.node");
    ConfigReader cluster = ConfigReader.of(config, "phalanx.local-cluster");
    RuntimeSettings settings =
        new RuntimeSettings(
            NodeSettings.read(node), LocalClusterSettings.read(cluster), RankSettings.of(config));
    node.rejectUnknown();
    cluster.rejectUnknown();
    return settings;
  }
}
