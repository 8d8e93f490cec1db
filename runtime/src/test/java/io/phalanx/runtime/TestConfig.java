package io.phalanx.runtime;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;

/** The configuration of nodes in tests: the defaults, with the given text laid over them. */
public final class TestConfig {

  private TestConfig() {}

  /** Returns the reference configuration with {@code text} laid over it, resolved. */
  public static Config of(String text) {
    return ConfigFactory.parseString(text)
        .withFallback(ConfigFactory.defaultOverrides())
        .withFallback(ConfigFactory.defaultReference())
        .resolve();
  }
}
