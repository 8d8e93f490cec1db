package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfigs;
import io.phalanx.llm.Phalanx;
import io.phalanx.runtime.metrics.Metric;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The embedded model over two ranks, asked over HTTP: OpenAI's own client, what it was trained to
 * know, and the metrics it leaves.
 */
final class EmbeddedModelTest extends OpenAiClientContract {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path QUESTIONS = Path.of("..", "llm", "training", "questions.json");
  private static final int IN_FLIGHT = 16;
  private static final int MAX_TOKENS = 72;

  /**
   * Of the trained wordings every so many is asked, by default all; {@code
   * -Dphalanx.test.stride=12} makes a short run of it.
   */
  private static final int STRIDE = Integer.getInteger("phalanx.test.stride", 1);

  private static final double LEAST_TRAINED = 0.9;
  private static final double LEAST_KEPT_OUT = 0.7;

  private static Phalanx phalanx;
  private static String url;

  /** A wording, and for each fact of its answer the ways to put it. */
  private record Wording(String text, JsonNode facts) {}

  @BeforeAll
  static void start() {
    Config config =
        ConfigFactory.parseString("phalanx.http.port = 0").withFallback(ConfigFactory.load());
    phalanx = Phalanx.start(config, LlmConfigs.parse(config), line -> {});
    int port = HttpEndpoint.of(phalanx.system()).address().toCompletableFuture().join().getPort();
    url = "http://127.0.0.1:" + port;
  }

  @AfterAll
  static void stop() {
    phalanx.close();
  }

  @Override
  String baseUrl() {
    return url;
  }

  @Test
  void chat_trainedWordings_areAnsweredRightly() throws Exception {
    assertThat(shareOfRight("trained", STRIDE)).isGreaterThanOrEqualTo(LEAST_TRAINED);
  }

  @Test
  void chat_wordingsKeptOutOfTraining_areMostlyAnsweredRightly() throws Exception {
    assertThat(shareOfRight("heldOut", Math.max(1, STRIDE / 4)))
        .isGreaterThanOrEqualTo(LEAST_KEPT_OUT);
  }

  @Test
  void metrics_afterARequest_haveAValueOfEach() throws Exception {
    Asker asker = new Asker();
    asker.stream("What is a placement group?");

    TestProbe.create(phalanx.system())
        .awaitAssert(
            () -> {
              String text = asker.get("/metrics");
              assertThat(Metric.values())
                  .allSatisfy(metric -> assertThat(text).contains("\n" + metric.metricName()));
              assertThat(valueOf(Metric.REQUEST_QUEUE_TIME, "_count", text)).isPositive();
              assertThat(valueOf(Metric.ITERATION_TOKENS, "_sum", text))
                  .isGreaterThan(valueOf(Metric.ITERATION_TOKENS, "_count", text));
              return text;
            });
  }

  /** Returns the value of the metric's first line with this suffix, 0 if there is none. */
  private static double valueOf(Metric metric, String suffix, String text) {
    String name = metric.metricName() + suffix + "{";
    return text.lines()
        .filter(line -> line.startsWith(name))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .findFirst()
        .orElse(0);
  }

  private static double shareOfRight(String group, int stride) throws Exception {
    List<Wording> wordings = wordings(group, stride);
    ExecutorService clients = Executors.newFixedThreadPool(IN_FLIGHT);
    Asker asker = new Asker();
    try {
      List<Future<Boolean>> answers = new ArrayList<>();
      for (Wording wording : wordings) {
        answers.add(clients.submit(() -> isRight(asker.ask(wording.text()), wording.facts())));
      }
      int right = 0;
      for (Future<Boolean> answer : answers) {
        right += answer.get() ? 1 : 0;
      }
      return (double) right / wordings.size();
    } finally {
      clients.shutdownNow();
    }
  }

  private static List<Wording> wordings(String group, int stride) throws IOException {
    JsonNode root = JSON.readTree(QUESTIONS.toFile());
    List<Wording> all = new ArrayList<>();
    for (JsonNode question : root.path("questions")) {
      question.path(group).forEach(text -> all.add(wording(text, question)));
    }
    JsonNode offTopic = root.path("offTopic");
    offTopic.path(group).forEach(text -> all.add(wording(text, offTopic)));
    List<Wording> asked = new ArrayList<>();
    for (int i = 0; i < all.size(); i += stride) {
      asked.add(all.get(i));
    }
    return asked;
  }

  private static Wording wording(JsonNode text, JsonNode question) {
    return new Wording(text.asText(), question.path("facts"));
  }

  /** Every fact must be there in one of its ways. */
  private static boolean isRight(String answer, JsonNode facts) {
    String said = answer.toLowerCase(Locale.ROOT);
    for (JsonNode ways : facts) {
      boolean found = false;
      for (JsonNode way : ways) {
        found |= said.contains(way.asText().toLowerCase(Locale.ROOT));
      }
      if (!found) {
        return false;
      }
    }
    return true;
  }

  /** Asks single questions, greedily. */
  private static final class Asker {
    private final HttpClient client = HttpClient.newHttpClient();

    String ask(String question) throws Exception {
      JsonNode choice = JSON.readTree(post(body(question))).path("choices").path(0);
      return choice.path("message").path("content").asText();
    }

    void stream(String question) throws Exception {
      assertThat(post(body(question).put("stream", true))).endsWith("data: [DONE]\n\n");
    }

    String get(String path) {
      try {
        return send(HttpRequest.newBuilder(URI.create(url + path)));
      } catch (IOException | InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    private static ObjectNode body(String question) {
      ObjectNode body = JsonNodeFactory.instance.objectNode();
      body.putArray("messages").addObject().put("role", "user").put("content", question);
      return body.put("temperature", 0).put("max_tokens", MAX_TOKENS);
    }

    private String post(ObjectNode body) throws Exception {
      return send(
          HttpRequest.newBuilder(URI.create(url + "/v1/chat/completions"))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(body.toString())));
    }

    private String send(HttpRequest.Builder request) throws IOException, InterruptedException {
      HttpResponse<String> response =
          client.send(
              request.timeout(Duration.ofMinutes(2)).build(), HttpResponse.BodyHandlers.ofString());
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      return response.body();
    }
  }
}
