package io.phalanx.http;

import com.typesafe.config.ConfigFactory;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.serving.StandInReplicas;
import io.phalanx.runtime.metrics.Metrics;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/**
 * What a burst of ten times the capacity does over HTTP: two replicas whose steps take 20 ms get 80 %
 * of what they can do for a while, then ten times of it, then 80 % again. Clients do not come back
 * after a refusal. Everything runs in one process.
 */
public final class OverloadBenchmark {
  private static final int REPLICAS = 2;
  private static final int SEQUENCES = 8;
  private static final int OUTPUT_TOKENS = 25;
  private static final Duration STEP = Duration.ofMillis(20);
  private static final int PHASE_SECONDS = 8;
  private static final int AFTER_SECONDS = 15;
  private static final double NANOS_PER_SECOND = 1e9;

  /** Requests that all replicas can answer in a second. */
  private static final double CAPACITY =
      REPLICAS * SEQUENCES * NANOS_PER_SECOND / (STEP.toNanos() * OUTPUT_TOKENS);

  private record Answer(double sentAt, double millis, int status, int retryAfter) {}

  private final HttpClient client = HttpClient.newHttpClient();
  private final Queue<Answer> answers = new ConcurrentLinkedQueue<>();
  private final List<CompletableFuture<Void>> pending = new ArrayList<>();
  private final String baseUrl;
  private final long start = System.nanoTime();

  private OverloadBenchmark(String baseUrl) {
    this.baseUrl = baseUrl;
  }

  /** Runs the three phases and prints what became of their requests. */
  public static void main(String[] args) {
    ActorTestKit testKit = ActorTestKit.create(ConfigFactory.load());
    LlmConfig config =
        LlmConfig.builder()
            .modelId("stand-in")
            .maxNumSeqs(SEQUENCES)
            .maxModelLen(512)
            .maxOngoingRequests(2 * SEQUENCES)
            .maxQueuedRequests(32)
            .build();
    StandInReplicas replicas =
        StandInReplicas.start(
            testKit,
            config,
            REPLICAS,
            new StandInReplicas.Ranks(
                Path.of("../llm/src/test/resources/golden/llama-tiny"),
                STEP,
                StandInReplicas.BLOCKS),
            new Metrics());
    try (TestServer server = TestServer.start(FakeModels.of(replicas.model()))) {
      new OverloadBenchmark(server.baseUrl()).run();
    } finally {
      testKit.shutdownTestKit();
    }
  }

  private void run() {
    send(0.8, 2); // warms up
    CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new)).join();
    answers.clear();
    double[] begins = new double[4];
    double[] loads = {0.8, 10, 0.8};
    long[] heap = new long[3];
    for (int phase = 0; phase < loads.length; phase++) {
      begins[phase] = now();
      send(loads[phase], phase == 2 ? AFTER_SECONDS : PHASE_SECONDS);
      heap[phase] = heapAfterCollection();
    }
    begins[3] = now();
    CompletableFuture.allOf(pending.toArray(CompletableFuture[]::new)).join();
    System.out.printf("capacity %.0f requests/s%n", CAPACITY);
    for (int phase = 0; phase < loads.length; phase++) {
      report(loads[phase], begins[phase], begins[phase + 1], heap[phase]);
    }
    printRecovery(begins);
  }

  private double now() {
    return (System.nanoTime() - start) / NANOS_PER_SECOND;
  }

  private void send(double load, int seconds) {
    long interval = (long) (NANOS_PER_SECOND / (load * CAPACITY));
    long next = System.nanoTime();
    for (int i = 0; i < load * CAPACITY * seconds; i++, next += interval) {
      for (long left = next - System.nanoTime(); left > 0; left = next - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      double sentAt = now();
      pending.add(
          client
              .sendAsync(request(), HttpResponse.BodyHandlers.ofString())
              .thenAccept(response -> answers.add(answer(sentAt, response))));
    }
  }

  private HttpRequest request() {
    String body =
        "{\"model\":\"stand-in\",\"prompt\":[1,2,3],\"ignore_eos\":true,\"max_tokens\":"
            + OUTPUT_TOKENS
            + "}";
    return HttpRequest.newBuilder(URI.create(baseUrl + "/v1/completions"))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private Answer answer(double sentAt, HttpResponse<String> response) {
    int retryAfter =
        response.headers().firstValue("retry-after").map(Integer::parseInt).orElse(0);
    return new Answer(sentAt, 1000 * (now() - sentAt), response.statusCode(), retryAfter);
  }

  private static long heapAfterCollection() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private void report(double load, double from, double to, long heap) {
    List<Answer> phase = answers.stream().filter(a -> a.sentAt >= from && a.sentAt < to).toList();
    List<Double> whole = millis(phase, 200);
    List<Double> refused = millis(phase, 429);
    double finished =
        answers.stream()
            .filter(a -> a.status == 200)
            .filter(a -> a.sentAt + a.millis / 1000 >= from && a.sentAt + a.millis / 1000 < to)
            .count();
    System.out.printf(
        "load %.1f x: %d requests, %d answered (median %.0f ms, p99 %.0f), %d refused (median %.1f ms,"
            + " p99 %.1f, slowest %.1f; Retry-After %d to %d s), %d others; goodput %.0f %% of"
            + " capacity; heap %d MiB%n",
        load,
        phase.size(),
        whole.size(),
        at(whole, 0.5),
        at(whole, 0.99),
        refused.size(),
        at(refused, 0.5),
        at(refused, 0.99),
        at(refused, 1),
        phase.stream().filter(a -> a.status == 429).mapToInt(Answer::retryAfter).min().orElse(0),
        phase.stream().mapToInt(Answer::retryAfter).max().orElse(0),
        phase.size() - whole.size() - refused.size(),
        100 * finished / (CAPACITY * (to - from)),
        heap >> 20);
  }

  private static List<Double> millis(List<Answer> phase, int status) {
    List<Double> millis = new ArrayList<>();
    phase.stream().filter(a -> a.status == status).forEach(a -> millis.add(a.millis));
    millis.sort(null);
    return millis;
  }

  private static double at(List<Double> sorted, double share) {
    return sorted.isEmpty() ? 0 : sorted.get((int) Math.round(share * (sorted.size() - 1)));
  }

  /** Prints when the last request after the burst was sent that was not answered as before it. */
  private void printRecovery(double[] begins) {
    List<Double> before =
        millis(answers.stream().filter(a -> a.sentAt < begins[1]).toList(), 200);
    double usual = 1.2 * at(before, 0.99);
    double last =
        answers.stream()
            .filter(a -> a.sentAt >= begins[2])
            .filter(a -> a.status != 200 || a.millis > usual)
            .mapToDouble(a -> a.sentAt - begins[2])
            .max()
            .orElse(0);
    System.out.printf(
        "answers take at most 1.2 x the p99 before the burst, %.0f ms, from %.1f s after it%n",
        usual, last);
  }
}
