package io.phalanx.runtime;

import com.typesafe.config.Config;
import io.phalanx.runtime.collective.Transport;
import io.phalanx.runtime.config.ConfigReader;
import java.util.Optional;

/**
 * What the ranks of a node may use. The typed view of {@code phalanx.node.cpu-threads} and {@code
 * phalanx.runtime}.
 *
 * @param cpuThreads threads that the ranks of this JVM may compute with together; empty: as many as
 *     the machine has processors
 * @param transport by which way ranks of several JVMs exchange tensors
 */
public record RankSettings(Optional<Integer> cpuThreads, Transport.Choice transport) {

  /** Reads the settings; refuses keys below {@code phalanx.runtime} that it does not know. */
  public static RankSettings of(Config config) {
    ConfigReader runtime = ConfigReader.of(config, "phalanx.runtime");
    ConfigReader collective = runtime.child("collective");
    RankSettings settings =
        new RankSettings(
            NodeSettings.cpuThreads(ConfigReader.of(config, "phalanx.node")),
            collective.enumValue("transport", Transport.Choice.class));
    collective.rejectUnknown();
    runtime.rejectUnknown();
    return settings;
  }
}
