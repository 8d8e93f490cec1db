package io.phalanx.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.collective.Transport;
import io.phalanx.runtime.error.ServingException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Defaults, mapping and refusals of {@link RuntimeSettings}. */
final class RuntimeSettingsTest {

  @Test
  void of_referenceConf_hasTheDefaults() {
    RuntimeSettings settings = RuntimeSettings.of(config(""));

    assertThat(settings.node())
        .isEqualTo(
            new NodeSettings(
                "127.0.0.1",
                0,
                Set.of(NodeRole.values()),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Map.of()));
    assertThat(settings.localCluster()).isEqualTo(new LocalClusterSettings(2, 2, 16, "L4"));
    assertThat(settings.ranks())
        .isEqualTo(new RankSettings(Optional.empty(), Transport.Choice.AUTO));
  }

  @Test
  void of_everyKey_isMapped() {
    RuntimeSettings settings =
        RuntimeSettings.of(
            config(
                """
                phalanx.node {
                  host = 127.0.0.2, port = 2551, roles = [worker], gpus = 4, cpus = 8
                  memory = 64 GiB, accelerator-type = H100, labels { zone = a }, cpu-threads = 6
                }
                phalanx.runtime.collective.transport = shared-memory
                phalanx.local-cluster {
                  nodes = 3, gpus-per-node = 1, cpus-per-node = 4, accelerator-type = A10G
                }
                """));

    assertThat(settings.node())
        .isEqualTo(
            new NodeSettings(
                "127.0.0.2",
                2551,
                Set.of(NodeRole.WORKER),
                Optional.of(4),
                Optional.of(8),
                Optional.of(64L << 30),
                Optional.of("H100"),
                Map.of("zone", "a")));
    assertThat(settings.localCluster()).isEqualTo(new LocalClusterSettings(3, 1, 4, "A10G"));
    assertThat(settings.ranks())
        .isEqualTo(new RankSettings(Optional.of(6), Transport.Choice.SHARED_MEMORY));
  }

  @Test
  void of_wrongValues_areRefused() {
    assertRefused("phalanx.node.prt = 1", "phalanx.node.prt: unknown key; did you mean [port]?");
    assertRefused("phalanx.node.gpus = many", "phalanx.node.gpus: [many] is not an integer");
    assertRefused("phalanx.node.roles = []", "phalanx.node.roles: [] is empty");
    assertRefused("phalanx.node.roles = [boss]", "phalanx.node.roles[0]: [boss] is not one of");
    assertRefused("phalanx.local-cluster.nodes = 0", "phalanx.local-cluster.nodes: [0]");
    assertRefused("phalanx.local-cluster.gpus = 1", "did you mean [gpus-per-node]?");
    assertRefused("phalanx.node.cpu-threads = 0", "phalanx.node.cpu-threads: [0]");
    assertRefused("phalanx.runtime.colective.x = 1", "did you mean [collective]?");
    assertRefused(
        "phalanx.runtime.collective.transport = smoke",
        "phalanx.runtime.collective.transport: [smoke] is not one of");
  }

  @Test
  void of_hostBeyondLoopback_isRefusedWithTheReason() {
    assertRefused(
        "phalanx.node.host = 0.0.0.0", "phalanx.node.host: [0.0.0.0] is not a loopback address");
    assertRefused("phalanx.node.host = 192.0.2.7", "mutual TLS");
    assertRefused("phalanx.node.host = \"\"", "phalanx.node.host: [] is not a loopback address");
  }

  @Test
  void of_loopbackNames_areAccepted() {
    assertThat(RuntimeSettings.of(config("phalanx.node.host = localhost")).node().host())
        .isEqualTo("localhost");
    assertThat(RuntimeSettings.of(config("phalanx.node.host = \"::1\"")).node().host())
        .isEqualTo("::1");
  }

  private static void assertRefused(String text, String message) {
    assertThatThrownBy(() -> RuntimeSettings.of(config(text)))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining(message);
  }

  private static Config config(String text) {
    return ConfigFactory.parseString(text).withFallback(ConfigFactory.defaultReference()).resolve();
  }
}
