package io.phalanx.runtime.serialization;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;

/** The configuration of a test's actor system that serializes as a node does. */
public final class WireConfig {

  private WireConfig() {}

  /** Returns a configuration with Phalanx's serializer, without a cluster and without a port. */
  public static Config withoutPort() {
    Config loaded = ConfigFactory.load();
    return ConfigFactory.parseString("pekko.actor.provider = local")
        .withFallback(loaded.getConfig("phalanx.pekko").atPath("pekko"))
        .withFallback(loaded)
        .resolve();
  }
}
