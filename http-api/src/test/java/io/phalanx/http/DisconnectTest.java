package io.phalanx.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.GenerationRequest;
import java.io.InputStream;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that leave while their answer is computed. */
final class DisconnectTest {
  private static final int WAIT_SECONDS = 10;
  private static final FakeModel silent = FakeModel.silent("silent");
  private static final FakeModel endless = FakeModel.endless("endless");
  private static final TestServer server = TestServer.start(FakeModels.of(silent, endless));

  @AfterAll
  static void shutDown() {
    server.close();
  }

  private static Socket send(String model, boolean stream) throws Exception {
    return send(model, stream, "");
  }

  private static Socket send(String model, boolean stream, String headers) throws Exception {
    String body =
        "{\"model\":\""
            + model
            + "\",\"prompt\":\"x\",\"max_tokens\":900,\"stream\":"
            + stream
            + "}";
    Socket socket = server.connect();
    socket
        .getOutputStream()
        .write(
            ("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                    + headers
                    + "Content-Type: application/json\r\nContent-Length: "
                    + body.length()
                    + "\r\n\r\n"
                    + body)
                .getBytes(UTF_8));
    return socket;
  }

  private static void assertEnds(FakeModel model) throws InterruptedException {
    String started = model.started.poll(WAIT_SECONDS, TimeUnit.SECONDS).requestId();
    assertThat(model.ended.poll(WAIT_SECONDS, TimeUnit.SECONDS)).isEqualTo(started);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void client_closesBeforeTheFirstToken_cancelsTheSequence(boolean stream) throws Exception {
    Socket socket = send("silent", stream);
    awaitStart(silent);

    socket.close();

    assertEnds(silent);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void client_thatAskedForClosing_cancelsTheSequence(boolean stream) throws Exception {
    Socket socket = send("silent", stream, "Connection: close\r\n");
    awaitStart(silent);

    socket.close();

    assertEnds(silent);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void client_resetsTheConnection_cancelsTheSequence(boolean stream) throws Exception {
    Socket socket = send("silent", stream);
    awaitStart(silent);

    socket.setSoLinger(true, 0);
    socket.close();

    assertEnds(silent);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void client_closesInMidAnswer_cancelsTheSequence(boolean stream) throws Exception {
    Socket socket = send("endless", stream);
    awaitStart(endless);
    if (stream) {
      readUntil(socket.getInputStream(), "data: ");
    }

    socket.close();

    assertEnds(endless);
  }

  @Test
  void client_thatStopsReading_stopsTheStreamAndThenCancelsIt() throws Exception {
    Socket socket = send("endless", true);
    awaitStart(endless);
    readUntil(socket.getInputStream(), "data: ");
    socket.shutdownInput();

    socket.close();

    assertEnds(endless);
  }

  /** Waits until a sequence has started and leaves it in the queue. */
  private static void awaitStart(FakeModel model) throws InterruptedException {
    GenerationRequest request = model.started.poll(WAIT_SECONDS, TimeUnit.SECONDS);
    assertThat(request).isNotNull();
    model.started.put(request);
  }

  private static void readUntil(InputStream in, String text) throws Exception {
    StringBuilder read = new StringBuilder();
    while (!read.toString().contains(text)) {
      int next = in.read();
      assertThat(next).as("end of stream after: " + read).isNotNegative();
      read.append((char) next);
    }
  }
}
