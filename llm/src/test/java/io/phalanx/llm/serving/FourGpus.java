package io.phalanx.llm.serving;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.Phalanx;
import java.util.List;

/** A cluster of two nodes in this JVM with two logical GPUs each. */
final class FourGpus {

  private FourGpus() {}

  static Config config() {
    return ConfigFactory.parseString(
            "phalanx.local-cluster { nodes = 2, gpus-per-node = 2, accelerator-type = L4 }")
        .withFallback(ConfigFactory.load());
  }

  /** Starts the cluster; nothing is deployed. */
  static Phalanx launch() {
    return Phalanx.launch(config(), List.of(), line -> {});
  }
}
