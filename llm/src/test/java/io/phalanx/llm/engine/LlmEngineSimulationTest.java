package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Seeded runs of random arrivals, lengths, common prefixes, aborts, delays and step times: every
 * request gets the tokens that it gets alone without a prefix cache, and the pool's books are right
 * after every step. A failure names its seed; give it to {@link #seeds} to reproduce it.
 */
final class LlmEngineSimulationTest {
  private static final int REQUESTS = 60;
  private static final int MOST_TURNS = 100_000;
  private static final int FAMILIES = 4;
  private static final long MOST_STEP_NANOS = 1_000_000;

  static LongStream seeds() {
    return LongStream.range(0, 300);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void anyInterleaving_givesTheTokensOfASoloRun(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    EngineSettings settings = randomSettings(random);
    Map<String, GenerationRequest> requests = randomRequests(random, settings);

    Map<String, List<Integer>> together = run(random, settings, requests);

    together.forEach(
        (id, tokens) ->
            assertThat(tokens)
                .as("seed %d, %s, request %s", seed, settings, id)
                .isEqualTo(
                    solo(settings.withoutPrefixCaching(), Objects.requireNonNull(requests.get(id)))
                        .subList(0, tokens.size())));
  }

  private static EngineSettings randomSettings(SplittableRandom random) {
    int blockSize = random.nextInt(1, 6);
    int maxModelLength = random.nextInt(20, 60);
    int minBlocks = (maxModelLength + blockSize - 1) / blockSize;
    boolean chunked = random.nextBoolean();
    return new EngineSettings(
        blockSize,
        random.nextInt(minBlocks, 3 * minBlocks),
        chunked ? random.nextInt(1, 40) : maxModelLength,
        random.nextInt(1, 12),
        maxModelLength,
        chunked,
        random.nextInt(1, 4),
        1000,
        random.nextInt(5) > 0,
        random.nextBoolean() ? Optional.empty() : Optional.of(Duration.ofNanos(300_000)),
        random.nextBoolean() ? SchedulingPolicy.FCFS : SchedulingPolicy.PRIORITY);
  }

  private static Map<String, GenerationRequest> randomRequests(
      SplittableRandom random, EngineSettings settings) {
    Map<String, GenerationRequest> requests = new TreeMap<>();
    for (int i = 0; i < REQUESTS; i++) {
      int promptLength = random.nextInt(1, settings.maxModelLength());
      int maxTokens = random.nextInt(1, settings.maxModelLength() - promptLength + 1);
      int common = random.nextInt(promptLength + 1);
      requests.put(
          "r" + i, request("r" + i, random.nextInt(FAMILIES), common, promptLength, maxTokens));
    }
    return requests;
  }

  /**
   * Returns a request whose first tokens are those of its family; half the families have a salt.
   */
  private static GenerationRequest request(
      String id, int family, int common, int promptLength, int maxTokens) {
    GenerationRequest alone = LlmEngineTest.request(id, promptLength, maxTokens);
    int[] prompt = alone.promptTokenIds();
    int[] shared = LlmEngineTest.request("family" + family, promptLength, 1).promptTokenIds();
    System.arraycopy(shared, 0, prompt, 0, common);
    String salt = family % 2 == 0 ? "" : "salt";
    RequestTerms terms = RequestTerms.ofPriority(promptLength % 3 - 1);
    return new GenerationRequest(id, prompt, alone.sampling(), salt, terms);
  }

  /** Runs all requests and returns each one's tokens, a prefix for those that were aborted. */
  private static Map<String, List<Integer>> run(
      SplittableRandom random, EngineSettings settings, Map<String, GenerationRequest> requests) {
    LlmEngine engine = LlmEngineTest.engine(settings);
    SlotMemoryModel model = SlotMemoryModel.of(settings);
    Deque<GenerationRequest> arrivals = new ArrayDeque<>(requests.values());
    Deque<StepOutput> outputs = new ArrayDeque<>();
    Map<String, List<Integer>> tokens = new HashMap<>();
    Map<String, Boolean> done = new HashMap<>();
    for (int i = 0; !arrivals.isEmpty() || !engine.isIdle(); i++) {
      assertThat(i).as("turns").isLessThan(MOST_TURNS);
      if (!arrivals.isEmpty() && random.nextInt(3) == 0) {
        engine.add(arrivals.removeFirst());
      }
      if (!arrivals.isEmpty() && random.nextInt(10) == 0) {
        String id = "r" + random.nextInt(REQUESTS);
        if (engine.abort(id)) {
          done.put(id, true);
        }
      }
      ModelInput input = random.nextInt(4) == 0 ? null : engine.schedule();
      if (input != null) {
        BlockAudit.checkWrites(engine, input, settings);
        outputs.addLast(model.execute(input));
      } else if (!outputs.isEmpty()) {
        engine
            .update(outputs.removeFirst(), random.nextLong(MOST_STEP_NANOS))
            .forEach(event -> record(event, tokens, done));
      }
      BlockAudit.check(engine, settings);
      assertThat(engine.stepsInFlight()).isLessThanOrEqualTo(settings.maxBatchesInFlight());
    }
    assertThat(done.keySet()).isEqualTo(requests.keySet());
    assertThat(engine.stats().usedBlocks()).isZero();
    return tokens;
  }

  private static void record(
      TokenEvent event, Map<String, List<Integer>> tokens, Map<String, Boolean> done) {
    List<Integer> ofRequest = tokens.computeIfAbsent(event.requestId(), id -> new ArrayList<>());
    assertThat(done).doesNotContainKey(event.requestId());
    assertThat(event.position()).isEqualTo(ofRequest.size());
    ofRequest.add(event.tokenId());
    if (event.finishReason() != null) {
      done.put(event.requestId(), true);
    }
  }

  private static List<Integer> solo(EngineSettings settings, GenerationRequest request) {
    LlmEngine engine = LlmEngineTest.engine(settings);
    engine.add(request);
    return LlmEngineTest.runAll(engine, SlotMemoryModel.of(settings)).stream()
        .map(TokenEvent::tokenId)
        .toList();
  }
}
