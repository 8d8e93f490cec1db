package io.phalanx.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.Phalanx;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A cluster with a model that stops while it reads a request. */
final class DrainModelTest {
  private static final int WAIT_SECONDS = 30;
  private static final String BODY = "{\"prompt\": \"Phalanx is\", \"max_tokens\": 3}";

  /** The server asks for the body when the request counts as running. */
  private static final String HEAD =
      "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
          + "Expect: 100-continue\r\nContent-Length: "
          + BODY.length()
          + "\r\n\r\n";

  @Test
  void close_withARequestWhoseBodyIsToCome_answersItByTheModel() throws Exception {
    Config config =
        ConfigFactory.parseString("phalanx.http.port = 0").withFallback(ConfigFactory.load());
    LlmConfig model = LlmConfig.builder().modelId("m").modelSource("embedded").build();
    try (Phalanx phalanx = Phalanx.start(config, List.of(model), line -> {});
        Socket socket = new Socket()) {
      InetSocketAddress address =
          HttpEndpoint.of(phalanx.system()).address().toCompletableFuture().join();
      socket.connect(address);
      BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), UTF_8));
      socket.getOutputStream().write(HEAD.getBytes(UTF_8));
      assertThat(statusAfterHead(in)).contains("100 Continue");

      CompletableFuture<Void> closed = CompletableFuture.runAsync(phalanx::close);
      awaitRefusedConnections(address);
      socket.getOutputStream().write(BODY.getBytes(UTF_8));

      assertThat(statusAfterHead(in)).contains("200 OK");
      closed.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }
  }

  /** Returns the status line of an answer whose headers it reads, too. */
  private static String statusAfterHead(BufferedReader in) throws IOException {
    String status = in.readLine();
    for (String line = in.readLine(); line != null && !line.isEmpty(); line = in.readLine()) {
      assertThat(line).contains(": ");
    }
    return status;
  }

  private static void awaitRefusedConnections(InetSocketAddress address) {
    while (true) {
      try (Socket socket = new Socket()) {
        socket.connect(address);
      } catch (IOException e) {
        return;
      }
    }
  }
}
