package io.phalanx.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.Done;
import org.junit.jupiter.api.Test;

/** A server that stops. */
final class DrainTest {
  private static final int WAIT_SECONDS = 15;
  private static final String REQUEST = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

  private static String status(BufferedReader in) throws IOException {
    String status = in.readLine();
    StringBuilder headers = new StringBuilder();
    int length = 0;
    for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
      headers.append(line).append('\n');
      if (line.startsWith("Content-Length: ")) {
        length = Integer.parseInt(line.substring("Content-Length: ".length()));
      }
    }
    assertThat(in.skip(length)).isEqualTo(length);
    return status + "\n" + headers;
  }

  @Test
  void shutdown_withARunningRequest_waitsForItAndRefusesNewOnes() throws Exception {
    FakeModel silent = FakeModel.silent("m");
    try (TestServer server =
            TestServer.start(FakeModels.of(silent), "phalanx.http.drain-timeout = 2 s");
        Socket other = server.connect();
        Socket running = server.connect()) {
      BufferedReader in = new BufferedReader(new InputStreamReader(other.getInputStream(), UTF_8));
      other.getOutputStream().write(REQUEST.getBytes(UTF_8));
      assertThat(status(in)).contains("200");
      String body = "{\"prompt\":\"x\"}";
      running
          .getOutputStream()
          .write(
              ("POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                      + "Content-Length: "
                      + body.length()
                      + "\r\n\r\n"
                      + body)
                  .getBytes(UTF_8));
      assertThat(silent.started.poll(WAIT_SECONDS, TimeUnit.SECONDS)).isNotNull();

      CompletableFuture<Done> stopped = server.shutDown().toCompletableFuture();

      awaitRefusedConnections(server);
      other.getOutputStream().write(REQUEST.getBytes(UTF_8));
      assertThat(status(in)).contains("503").contains("Connection: close");
      assertThat(silent.ended).isEmpty();
      stopped.get(WAIT_SECONDS, TimeUnit.SECONDS);
      assertThat(silent.ended.poll(WAIT_SECONDS, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @Test
  void shutdown_withoutRunningRequests_closesIdleConnections() throws Exception {
    try (TestServer server = TestServer.start(FakeModels.of(FakeModel.counting("m")));
        Socket idle = server.connect()) {
      BufferedReader in = new BufferedReader(new InputStreamReader(idle.getInputStream(), UTF_8));
      idle.getOutputStream().write(REQUEST.getBytes(UTF_8));
      assertThat(status(in)).contains("200"); // so it is accepted, not only in the backlog

      server.shutDown().toCompletableFuture().get(WAIT_SECONDS, TimeUnit.SECONDS);

      assertThat(in.read()).isEqualTo(-1);
      assertThatThrownBy(server::connect).isInstanceOf(IOException.class);
    }
  }

  private static void awaitRefusedConnections(TestServer server) {
    while (true) {
      try (Socket socket = server.connect()) {
        assertThat(socket.isConnected()).isTrue();
      } catch (IOException e) {
        return;
      }
    }
  }
}
