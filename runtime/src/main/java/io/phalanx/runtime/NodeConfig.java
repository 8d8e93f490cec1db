package io.phalanx.runtime;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.util.List;
import java.util.Map;

/** Makes the configuration of a node's actor system. */
final class NodeConfig {

  private NodeConfig() {}

  /**
   * Returns {@code config} with {@code phalanx.pekko} and the node's own address and roles laid
   * over its {@code pekko}.
   */
  static Config of(Config config, NodeSettings settings) {
    List<String> roles = settings.roles().stream().map(NodeRole::configName).sorted().toList();
    Config own =
        ConfigFactory.parseMap(
            Map.of(
                "pekko.remote.artery.canonical.hostname", settings.host(),
                "pekko.remote.artery.canonical.port", settings.port(),
                "pekko.cluster.roles", roles));
    return own.withFallback(config.getConfig("phalanx.pekko").atPath("pekko"))
        .withFallback(config)
        .resolve();
  }
}
