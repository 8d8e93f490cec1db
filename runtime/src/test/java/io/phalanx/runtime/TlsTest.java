package io.phalanx.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.Config;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.cluster.typed.Cluster;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that speak mutual TLS on their cluster ports, configured as docs/security.md says. */
final class TlsTest {
  private static final String PASSWORD = "of this test";

  /** The beginning of a connection of Pekko's, and a frame that ends where it begins: length -4. */
  private static final byte[] MALFORMED = {'A', 'K', 'K', 'A', 1, -4, -1, -1, -1};

  private static final int PATIENCE_MILLIS = 20_000;

  @TempDir private static Path directory;

  @BeforeAll
  static void makeKeys() throws IOException, InterruptedException {
    makeKey("cluster");
    makeKey("stranger");
  }

  @Test
  void join_withTheClustersKey_isTakenIn() {
    try (PhalanxNode first = start("cluster", Optional.empty());
        PhalanxNode second = start("cluster", Optional.of(first.address().toString()))) {
      assertThat(Cluster.get(second.system()).state().getMembers()).hasSize(2);
    }
  }

  @Test
  void join_withAnotherKey_isNotTakenIn() {
    try (PhalanxNode first = start("cluster", Optional.empty())) {
      ServingException refused =
          catchThrowableOfType(
              ServingException.class,
              () -> start("stranger", Optional.of(first.address().toString())));

      assertThat(refused.code()).isEqualTo(ErrorCode.TIMEOUT);
      assertThat(Cluster.get(first.system()).state().getMembers()).hasSize(1);
    }
  }

  @Test
  void malformedFrame_withoutAHandshake_endsTheConnection() throws IOException {
    try (PhalanxNode node = start("cluster", Optional.empty());
        Socket socket = new Socket(node.address().host(), node.address().port())) {
      socket.setSoTimeout(PATIENCE_MILLIS);
      OutputStream out = socket.getOutputStream();
      out.write(MALFORMED);
      out.flush();

      assertThat(readToTheEnd(socket)).isTrue();
    }
  }

  /** A peer that ends a connection without reading all may reset it. */
  private static boolean readToTheEnd(Socket socket) {
    try {
      socket.getInputStream().readAllBytes();
      return true;
    } catch (IOException reset) {
      return "Connection reset".equals(reset.getMessage());
    }
  }

  private static PhalanxNode start(String key, Optional<String> join) {
    Config config = TestConfig.of(configuration(key));
    return PhalanxNode.start(config, RuntimeSettings.of(config).node(), join, List.of());
  }

  private static String configuration(String key) {
    return """
        phalanx.node { gpus = 0, join-timeout = 10 s }
        phalanx.pekko.remote.artery {
          transport = tls-tcp
          ssl.config-ssl-engine {
            key-store = "%1$s"
            key-store-password = "%2$s"
            key-password = "%2$s"
            trust-store = "%1$s"
            trust-store-password = "%2$s"
          }
        }
        """
        .formatted(directory.resolve(key + ".p12"), PASSWORD);
  }

  /** Makes a key whose certificate only those trust who have it. */
  private static void makeKey(String name) throws IOException, InterruptedException {
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-keyalg",
                "EC",
                "-dname",
                "CN=phalanx",
                "-keystore",
                directory.resolve(name + ".p12").toString(),
                "-storepass",
                PASSWORD)
            .inheritIO()
            .start();
    assertThat(keytool.waitFor()).isZero();
  }
}
