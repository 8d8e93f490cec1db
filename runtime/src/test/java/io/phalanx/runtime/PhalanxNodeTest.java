package io.phalanx.runtime;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.typesafe.config.Config;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.cluster.typed.Cluster;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Starting, joining and refusing of single nodes. */
final class PhalanxNodeTest {
  private static final String BASE = "phalanx.node { gpus = 0, join-timeout = 20 s }\n";

  @Test
  void start_withAJoinAddress_joinsThatCluster() {
    try (PhalanxNode first = start("", Optional.empty());
        PhalanxNode second =
            start("phalanx.node.host = 127.0.0.2", Optional.of(first.address().toString()))) {
      assertThat(second.address().host()).isEqualTo("127.0.0.2");
      assertThat(Cluster.get(second.system()).state().getMembers()).hasSize(2);
    }
  }

  @Test
  void whenWithoutControl_lastControlNodeLeaves_completes() {
    try (PhalanxNode first = start("", Optional.empty());
        PhalanxNode worker =
            start("phalanx.node.roles = [worker]", Optional.of(first.address().toString()))) {
      CompletionStage<Done> without = worker.whenWithoutControl(Duration.ofMillis(100));

      assertThat(without.toCompletableFuture()).isNotDone();
      first.stop();

      assertThat(without).succeedsWithin(Duration.ofSeconds(30));
    }
  }

  @Test
  void start_nobodyAtTheJoinAddress_endsWithinTheTimeout() throws IOException {
    String free = "127.0.0.1:" + freePort();

    ServingException refused =
        catchThrowableOfType(
            ServingException.class,
            () -> start("phalanx.node.join-timeout = 2 s", Optional.of(free)));

    assertThat(refused).hasMessageContaining("no cluster answers at [" + free + "]");
    assertThat(refused.code()).isEqualTo(ErrorCode.TIMEOUT);
  }

  @Test
  void start_joiningWhatIsNoNode_saysThatItIsNone() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      Thread answers = new Thread(() -> answerAsAWebServer(other));
      answers.start();
      String address = "127.0.0.1:" + other.getLocalPort();

      ServingException refused =
          catchThrowableOfType(ServingException.class, () -> start("", Optional.of(address)));

      assertThat(refused).hasMessageContaining(address);
    }
  }

  private static void answerAsAWebServer(ServerSocket other) {
    try {
      while (true) {
        try (Socket client = other.accept()) {
          client.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(US_ASCII));
        }
      }
    } catch (IOException closed) {
      assertThat(other.isClosed()).isTrue();
    }
  }

  @Test
  void start_onATakenPort_saysSo() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServingException refused =
          catchThrowableOfType(
              ServingException.class,
              () -> start("phalanx.node.port = " + taken.getLocalPort(), Optional.empty()));

      assertThat(refused)
          .hasMessageContaining("phalanx.node.port: [" + taken.getLocalPort() + "]")
          .hasMessageContaining("cannot be bound");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"192.0.2.1:2551", "0.0.0.0:2551"})
  void start_joiningBeyondLoopback_isRefusedWithTheReason(String address) {
    ServingException refused =
        catchThrowableOfType(ServingException.class, () -> start("", Optional.of(address)));

    assertThat(refused).hasMessageContaining("mutual TLS");
    assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION);
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:0", ":2551"})
  void nodeAddress_malformed_isRefused(String address) {
    ServingException refused =
        catchThrowableOfType(ServingException.class, () -> NodeAddress.parse(address));

    assertThat(refused).hasMessageContaining("HOST:PORT");
  }

  private static PhalanxNode start(String text, Optional<String> join) {
    Config config = TestConfig.of(BASE + text);
    return PhalanxNode.start(config, RuntimeSettings.of(config).node(), join, List.of());
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
