package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.metrics.HistogramCounts;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** {@link LlmEngine} over a {@link SlotMemoryModel}. */
final class LlmEngineTest {
  private static final int EOS = 0;
  private static final long SECOND = 1_000_000_000;
  private static final EngineSettings SETTINGS = new EngineSettings(4, 16, 8, 4, 32, true, 1, 1000);

  private final LlmEngine engine = engine(SETTINGS);
  private final SlotMemoryModel model = SlotMemoryModel.of(SETTINGS);

  @Test
  void schedule_nothingAdded_isNull() {
    assertThat(engine.schedule()).isNull();
    assertThat(engine.isIdle()).isTrue();
  }

  @Test
  void schedule_promptLongerThanTheBudget_isCutIntoChunks() {
    engine.add(request("a", 20, 2));

    assertThat(nextQueryLengths()).containsExactly(8);
    assertThat(nextQueryLengths()).containsExactly(8);
    assertThat(nextQueryLengths()).containsExactly(4);
    assertThat(nextQueryLengths()).containsExactly(1);
    assertThat(engine.isIdle()).isTrue();
    assertThat(engine.stats().usedBlocks()).isZero();
  }

  @Test
  void schedule_promptArrivesWhileOthersDecode_decodesComeFirst() {
    engine.add(request("a", 3, 8));
    nextQueryLengths();
    engine.add(request("b", 20, 2));

    ModelInput input = schedule();

    assertThat(input.queryLengths()).containsExactly(1, 7);
    assertThat(input.samples()).extracting(ModelInput.SampleRow::sequence).containsExactly(0);
  }

  @Test
  void schedule_moreThanMaxNumSequences_restWaits() {
    for (int i = 0; i < 6; i++) {
      engine.add(request("r" + i, 1, 2));
    }

    assertThat(nextQueryLengths()).hasSize(4);
    assertThat(engine.backlog().waitingRequests()).isEqualTo(2);
    assertThat(engine.backlog().runningRequests()).isEqualTo(4);
  }

  @Test
  void schedule_withoutChunkedPrefill_wholePromptsOnly() {
    EngineSettings whole = new EngineSettings(4, 16, 32, 4, 32, false, 1, 1000);
    LlmEngine unchunked = engine(whole);
    unchunked.add(request("a", 20, 2));
    unchunked.add(request("b", 20, 2));

    ModelInput first = Objects.requireNonNull(unchunked.schedule());

    assertThat(first.queryLengths()).containsExactly(20);
  }

  @Test
  void schedule_poolExhausted_preemptsTheYoungestAndFinishesAll() {
    EngineSettings tight = new EngineSettings(4, 8, 16, 4, 32, true, 1, 1000);
    LlmEngine small = engine(tight);
    small.add(request("old", 8, 20));
    small.add(request("young", 8, 20));

    List<TokenEvent> events = runAll(small, SlotMemoryModel.of(tight));

    assertThat(small.stats().preemptions()).isPositive();
    assertThat(events).hasSize(40);
    assertThat(small.stats().usedBlocks()).isZero();
  }

  @Test
  void stats_afterSteps_countTheTokensOfEach() {
    engine.add(request("a", 20, 2)); // steps of 8, 8, 4 and 1 tokens

    runAll(engine, model);

    HistogramCounts tokens = engine.stats().iterationTokens();
    assertThat(tokens.counts().subList(0, 4)).containsExactly(1L, 0L, 1L, 2L); // up to 1, 2, 4, 8
    assertThat(tokens.sum()).isEqualTo(21);
  }

  @Test
  void stats_ofWaits_lastFromArrivalToTheFirstStep() {
    for (int i = 0; i < 5; i++) {
      engine.add(request("r" + i, 1, 2), SECOND);
    }
    engine.add(request("unmeasured", 1, 1));
    engine.abort("unmeasured");

    engine.update(model.execute(Objects.requireNonNull(engine.schedule(3 * SECOND))));
    assertThat(engine.stats().queueSeconds().sum()).isEqualTo(4 * 2);
    engine.update(model.execute(Objects.requireNonNull(engine.schedule(4 * SECOND))));
    engine.update(model.execute(Objects.requireNonNull(engine.schedule(6 * SECOND))));

    HistogramCounts seconds = engine.stats().queueSeconds();
    assertThat(seconds.counts().stream().mapToLong(Long::longValue).sum()).isEqualTo(5);
    assertThat(seconds.sum()).isEqualTo(4 * 2 + 5);
  }

  @Test
  void stats_requestThatLeavesWhileItWaits_isNoWait() {
    engine.add(request("a", 1, 2), 0);
    engine.abort("a");
    engine.add(request("b", 1, 2));
    engine.schedule(SECOND);

    assertThat(engine.stats().queueSeconds().sum()).isZero();
  }

  @Test
  void update_eosToken_finishesWithStop() {
    engine.add(new GenerationRequest("a", new int[] {1, 2}, SamplingParams.greedy(8)));
    ModelInput input = schedule();

    List<TokenEvent> events = engine.update(new StepOutput(input.step(), new int[] {EOS}));

    assertThat(events).containsExactly(new TokenEvent("a", 0, EOS, "", FinishReason.STOP));
    assertThat(engine.isIdle()).isTrue();
  }

  @Test
  void update_eosTokenIgnored_goesOn() {
    engine.add(
        new GenerationRequest("a", new int[] {1, 2}, SamplingParams.greedy(2).withIgnoreEos()));
    ModelInput input = schedule();

    List<TokenEvent> events = engine.update(new StepOutput(input.step(), new int[] {EOS}));

    assertThat(events).containsExactly(new TokenEvent("a", 0, EOS, "0,", null));
  }

  @Test
  void update_lastAllowedToken_finishesWithLength() {
    engine.add(request("a", 3, 1));

    List<TokenEvent> events = runAll(engine, model);

    assertThat(events).hasSize(1);
    assertThat(events.get(0).finishReason()).isEqualTo(FinishReason.LENGTH);
  }

  @Test
  void update_stopTokenId_finishesWithStopAndShowsNothing() {
    SamplingParams sampling = new SamplingParams(8, 0, -1, 1, 0, 0, List.of(), List.of(77), false);
    engine.add(new GenerationRequest("a", new int[] {1}, sampling));
    ModelInput input = schedule();

    List<TokenEvent> events = engine.update(new StepOutput(input.step(), new int[] {77}));

    assertThat(events).containsExactly(new TokenEvent("a", 0, 77, "", FinishReason.STOP));
  }

  @Test
  void update_notTheOldestStep_isRefused() {
    assertThatThrownBy(() -> engine.update(new StepOutput(7, new int[0])))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("7");
  }

  @Test
  void abort_whileInFlight_keepsTheBlocksUntilTheStepIsDone() {
    engine.add(request("a", 3, 8));
    ModelInput input = schedule();

    assertThat(engine.abort("a")).isTrue();

    assertThat(engine.stats().usedBlocks()).isEqualTo(1);
    assertThat(engine.update(model.execute(input))).isEmpty();
    assertThat(engine.stats().usedBlocks()).isZero();
    assertThat(engine.abort("a")).isFalse();
  }

  @Test
  void schedule_twoStepsInFlight_sharesTheStreams() {
    EngineSettings two = new EngineSettings(4, 16, 8, 4, 32, true, 2, 1000);
    LlmEngine piped = engine(two);
    SlotMemoryModel pipedModel = SlotMemoryModel.of(two);
    for (int i = 0; i < 4; i++) {
      piped.add(request("r" + i, 2, 4));
    }
    piped.update(pipedModel.execute(Objects.requireNonNull(piped.schedule())));

    ModelInput first = Objects.requireNonNull(piped.schedule());
    ModelInput second = Objects.requireNonNull(piped.schedule());

    assertThat(first.numSequences()).isEqualTo(2);
    assertThat(second.numSequences()).isEqualTo(2);
    assertThat(piped.schedule()).isNull();
  }

  @Test
  void add_tooLong_namesTheLimitAndKeepsNothing() {
    assertThatThrownBy(() -> engine.add(request("a", 30, 3)))
        .isInstanceOfSatisfying(
            ServingException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
              assertThat(e.param()).isEqualTo("max_tokens");
              assertThat(e.reason()).contains("32", "33");
            });
    assertThat(engine.isIdle()).isTrue();
  }

  @Test
  void add_tokenOutsideTheVocabulary_isRefused() {
    GenerationRequest request =
        new GenerationRequest("a", new int[] {1, 1000}, SamplingParams.greedy(1));

    assertThatThrownBy(() -> engine.add(request))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("1000");
  }

  @Test
  void settings_poolSmallerThanOneSequence_isRefused() {
    assertThatThrownBy(() -> new EngineSettings(4, 2, 8, 4, 32, true, 1, 1000))
        .isInstanceOf(ServingException.class)
        .hasMessageContaining("max-model-len is 32")
        .hasMessageContaining("8 tokens");
  }

  private int[] nextQueryLengths() {
    ModelInput input = schedule();
    engine.update(model.execute(input));
    return input.queryLengths();
  }

  private ModelInput schedule() {
    return Objects.requireNonNull(engine.schedule());
  }

  static List<TokenEvent> runAll(LlmEngine engine, StepExecutor executor) {
    List<TokenEvent> events = new ArrayList<>();
    while (engine.step(executor, events)) {
      assertThat(events).hasSizeLessThan(1_000_000);
    }
    return events;
  }

  static LlmEngine engine(EngineSettings settings) {
    return new LlmEngine(settings, Set.of(EOS), NumberDetokenizer::new);
  }

  static GenerationRequest request(String id, int promptLength, int maxTokens) {
    int[] prompt = new int[promptLength];
    for (int i = 0; i < promptLength; i++) {
      prompt[i] = 1 + Math.floorMod(id.hashCode() * 31 + i * 7, 900);
    }
    return new GenerationRequest(id, prompt, SamplingParams.greedy(maxTokens).withIgnoreEos());
  }
}
