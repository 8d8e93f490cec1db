package io.phalanx.llm.engine;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * One step of the engine without a model: schedule, update and detokenize for {@code sequences}
 * streams that decode, each of which begins again when its context is full.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class EngineStepMicrobenchmark {
  private static final int MAX_MODEL_LENGTH = 2048;
  private static final int PROMPT = 128;
  private static final int BLOCK_SIZE = 16;
  private static final int VOCAB_SIZE = 128_256;

  /** Streams that run at the same time. */
  @Param({"1", "16", "256"})
  public int sequences;

  private LlmEngine engine;
  private long added;

  /** Fills the engine. */
  @Setup
  public void fill() {
    int blocks = sequences * (MAX_MODEL_LENGTH / BLOCK_SIZE);
    EngineSettings settings =
        new EngineSettings(
            BLOCK_SIZE,
            blocks,
            sequences * PROMPT,
            sequences,
            MAX_MODEL_LENGTH,
            true,
            1,
            VOCAB_SIZE,
            true,
            Optional.empty());
    engine = new LlmEngine(settings, Set.of(), NumberDetokenizer::new);
    IntStream.range(0, sequences).forEach(i -> add());
    step();
  }

  private void add() {
    String id = "request-" + added++;
    int first = (int) (added * PROMPT % VOCAB_SIZE);
    int[] prompt = IntStream.range(0, PROMPT).map(i -> (first + i) % VOCAB_SIZE).toArray();
    engine.add(new GenerationRequest(id, prompt, SamplingParams.greedy(MAX_MODEL_LENGTH - PROMPT)));
  }

  /** Returns the events of one step, one for each stream. */
  @Benchmark
  public List<TokenEvent> step() {
    ModelInput input = Objects.requireNonNull(engine.schedule());
    int[] drawn = new int[input.samples().size()];
    List<TokenEvent> events = engine.update(new StepOutput(input.step(), drawn), 1_000_000);
    for (TokenEvent event : events) {
      if (event.finishReason() != null) {
        add();
      }
    }
    return events;
  }
}
