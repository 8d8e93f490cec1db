package io.phalanx.llm.serving;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.RuntimeSettings;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;

/** A node in a JVM of its own, for tests: {@code HOST GPUS JOIN ROLES}; ends with its input. */
final class ClusterNodeMain {

  private ClusterNodeMain() {}

  public static void main(String[] args) throws IOException {
    Config config =
        ConfigFactory.parseString(
                "phalanx.node { host = \"%s\", gpus = %s, cpus = 16, roles = [%s]"
                        .formatted(args[0], args[1], args[3])
                    + ", accelerator-type = L4 }")
            .withFallback(ConfigFactory.load());
    try (PhalanxNode node =
        PhalanxNode.start(config, RuntimeSettings.of(config).node(), Optional.of(args[2]))) {
      System.out.println("node " + node.address());
      System.in.transferTo(OutputStream.nullOutputStream());
    }
  }
}
