package io.phalanx.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.Models;
import io.phalanx.runtime.metrics.Metrics;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.typed.ActorSystem;

/** A started {@link OpenAiServer} on a free port, and a client for it. */
final class TestServer implements AutoCloseable {
  private static final int SOCKET_TIMEOUT_MILLIS = 20_000;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ActorTestKit testKit;
  private final InetSocketAddress address;
  private final HttpClient client = HttpClient.newHttpClient();

  private TestServer(Models models, String overrides, Metrics metrics) {
    Config config =
        ConfigFactory.parseString(overrides)
            .withFallback(ConfigFactory.parseString(DEFAULTS))
            .withFallback(ConfigFactory.load());
    testKit = ActorTestKit.create("TestServer", config);
    testKit.spawn(OpenAiServer.create(config, models, metrics), "openai");
    address = HttpEndpoint.of(testKit.system()).address().toCompletableFuture().join();
  }

  private static final String DEFAULTS =
      """
      phalanx.http.port = 0
      pekko.actor.provider = local
      pekko.coordinated-shutdown.exit-jvm = off
      pekko.coordinated-shutdown.run-by-actor-system-terminate = off
      """;

  static TestServer start(Models models) {
    return start(models, "");
  }

  static TestServer start(Models models, String overrides) {
    return start(models, overrides, new Metrics());
  }

  /** Starts a server that shows these metrics. */
  static TestServer start(Models models, String overrides, Metrics metrics) {
    return new TestServer(models, overrides, metrics);
  }

  ActorSystem<?> system() {
    return testKit.system();
  }

  String baseUrl() {
    return "http://127.0.0.1:" + address.getPort();
  }

  /** Starts the coordinated shutdown of the server's node. */
  CompletionStage<Done> shutDown() {
    return CoordinatedShutdown.get(testKit.system()).runAll(CoordinatedShutdown.unknownReason());
  }

  Socket connect() throws IOException {
    Socket socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout(SOCKET_TIMEOUT_MILLIS);
    return socket;
  }

  HttpResponse<String> get(String path) throws Exception {
    return send(HttpRequest.newBuilder(uri(path)).GET());
  }

  HttpResponse<String> post(String path, String body) throws Exception {
    return send(
        HttpRequest.newBuilder(uri(path))
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(
        request.timeout(Duration.ofSeconds(30)).build(), HttpResponse.BodyHandlers.ofString());
  }

  URI uri(String path) {
    return URI.create(baseUrl() + path);
  }

  static JsonNode json(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body());
  }

  @Override
  public void close() {
    testKit.shutdownTestKit();
  }
}
