package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.EngineSettings;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.LlmEngine;
import io.phalanx.llm.engine.NumberDetokenizer;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine over real ranks: what runs beside a sequence never shows in its tokens. */
final class InterleavingTest {
  private static final String MODEL = "llama-tiny";
  private static final int BLOCK_SIZE = 8;
  private static final int NUM_BLOCKS = 640;
  private static final int VOCAB = 386;
  private static final int REQUESTS = 16;

  private static LocalRanks ranks;

  @BeforeAll
  static void load() {
    RunnerSettings settings = new RunnerSettings(BLOCK_SIZE, NUM_BLOCKS, 0, 1);
    ranks = LocalRanks.load(Golden.directory(MODEL), 2, 2, settings);
  }

  @AfterAll
  static void close() {
    ranks.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void step_manyRequestsAtOnce_giveTheTokensOfTheReference(long seed) {
    assertInterleavingChangesNothing(seed, NUM_BLOCKS);
  }

  @Test
  void step_poolTooSmallForAll_preemptsAndGivesTheSameTokens() {
    LlmEngine engine = assertInterleavingChangesNothing(3, 72);

    assertThat(engine.stats().preemptions()).isPositive();
  }

  private static LlmEngine assertInterleavingChangesNothing(long seed, int numBlocks) {
    List<Golden.Prompt> prompts = Golden.read(MODEL).prompts();
    SplittableRandom random = new SplittableRandom(seed);
    LlmEngine engine = engine(numBlocks);
    Map<String, List<Integer>> tokens = new HashMap<>();
    Set<String> cancelled = new HashSet<>();
    List<TokenEvent> events = new ArrayList<>();
    int added = 0;
    while (added < REQUESTS || !engine.isIdle()) {
      if (added < REQUESTS && (engine.isIdle() || random.nextInt(2) == 0)) {
        engine.add(request(added, prompts.get(added % prompts.size())));
        added++;
      }
      events.clear();
      engine.step(ranks, events);
      for (TokenEvent event : events) {
        tokens.computeIfAbsent(event.requestId(), id -> new ArrayList<>()).add(event.tokenId());
      }
      if (added > 4 && cancelled.size() < 3 && random.nextInt(20) == 0) {
        String id = Integer.toString(random.nextInt(added));
        engine.abort(id);
        cancelled.add(id);
      }
    }
    assertTokens(prompts, tokens, cancelled);
    return engine;
  }

  private static void assertTokens(
      List<Golden.Prompt> prompts, Map<String, List<Integer>> tokens, Set<String> cancelled) {
    for (int i = 0; i < REQUESTS; i++) {
      String id = Integer.toString(i);
      int[] greedy = prompts.get(i % prompts.size()).greedyTokenIds();
      List<Integer> expected = IntStream.of(greedy).boxed().toList();
      List<Integer> found = tokens.getOrDefault(id, List.of());
      if (cancelled.contains(id)) {
        assertThat(found).isEqualTo(expected.subList(0, found.size()));
      } else {
        assertThat(found).as("request %s", id).isEqualTo(expected);
      }
    }
  }

  private static LlmEngine engine(int numBlocks) {
    EngineSettings settings =
        new EngineSettings(BLOCK_SIZE, numBlocks, 48, REQUESTS, 512, true, 2, VOCAB);
    return new LlmEngine(settings, Set.of(), NumberDetokenizer::new);
  }

  private static GenerationRequest request(int number, Golden.Prompt prompt) {
    int maxTokens = prompt.greedyTokenIds().length;
    return new GenerationRequest(
        Integer.toString(number), prompt.promptTokenIds(), SamplingParams.greedy(maxTokens));
  }
}
