package io.phalanx.llm.engine;

import io.phalanx.llm.tokenizer.HuggingFaceTokenizer;
import io.phalanx.llm.tokenizer.IncrementalDetokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * How many tokens a second the engine alone schedules, books and turns into text, over a model that
 * computes nothing.
 *
 * <p>Arguments: streams, prompt tokens, output tokens of each, rounds; the defaults are 256, 128,
 * 256 and 30. The first half of the rounds warms up.
 */
public final class EngineBenchmark {
  private static final int[] DEFAULTS = {256, 128, 256, 30};
  private static final int BLOCK_SIZE = 16;
  private static final int LONG_PROMPT = 131_072;
  private static final int HASH_ROUNDS = 50;
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double NANOS_PER_MILLI = 1e6;

  private final int streams;
  private final int promptTokens;
  private final int outputTokens;
  private final LlmEngine engine;
  private int requests;

  private EngineBenchmark(int[] sizes, HuggingFaceTokenizer tokenizer) {
    streams = sizes[0];
    promptTokens = sizes[1];
    outputTokens = sizes[2];
    int length = promptTokens + outputTokens;
    EngineSettings settings =
        new EngineSettings(
            BLOCK_SIZE,
            streams * (length / BLOCK_SIZE + 2),
            8192,
            streams,
            length,
            true,
            1,
            tokenizer.vocabSize());
    engine = new LlmEngine(settings, Set.of(), tokenizer::newDetokenizer);
  }

  /** Runs all rounds and prints the tokens a second of each of the second half. */
  public static void main(String[] args) {
    int[] sizes = DEFAULTS.clone();
    for (int i = 0; i < args.length; i++) {
      sizes[i] = Integer.parseInt(args[i]);
    }
    System.out.printf(
        "hashes of a prompt of %,d tokens: %.1f ms%n", LONG_PROMPT, hashMillis(LONG_PROMPT));
    Path directory = Path.of("src/test/resources/golden/llama-tiny");
    try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.load(directory)) {
      EngineBenchmark benchmark = new EngineBenchmark(sizes, tokenizer);
      List<Double> rates = new ArrayList<>();
      for (int round = 0; round < sizes[3]; round++) {
        double rate = benchmark.round();
        if (round >= sizes[3] / 2) {
          rates.add(rate);
        }
      }
      rates.sort(null);
      System.out.printf(
          "%d streams, prompt %d, output %d: %,.0f tokens/s (median of %d rounds, %,.0f to"
              + " %,.0f)%n",
          sizes[0],
          sizes[1],
          sizes[2],
          rates.get(rates.size() / 2),
          rates.size(),
          rates.get(0),
          rates.get(rates.size() - 1));
    }
  }

  /** Returns the least milliseconds that naming the blocks of a prompt takes. */
  private static double hashMillis(int tokens) {
    BlockHasher hasher = new BlockHasher(BLOCK_SIZE, new SplittableRandom(1));
    double least = Double.MAX_VALUE;
    for (int i = 0; i < HASH_ROUNDS; i++) {
      GenerationRequest request =
          new GenerationRequest("hashed", new int[tokens], SamplingParams.greedy(1));
      Sequence sequence = new Sequence(request, new OutputText(new SilentDetokenizer(), List.of()));
      long start = System.nanoTime();
      hasher.extend(sequence, tokens / BLOCK_SIZE);
      least = Math.min(least, (System.nanoTime() - start) / NANOS_PER_MILLI);
    }
    return least;
  }

  private record SilentDetokenizer() implements IncrementalDetokenizer {
    @Override
    public String append(int tokenId) {
      return "";
    }

    @Override
    public String finish() {
      return "";
    }
  }

  private double round() {
    for (int i = 0; i < streams; i++) {
      int[] prompt = new int[promptTokens];
      Arrays.fill(prompt, 1 + requests % 100);
      prompt[0] = requests % 300;
      SamplingParams sampling = SamplingParams.greedy(outputTokens).withIgnoreEos();
      engine.add(new GenerationRequest("request-" + requests++, prompt, sampling));
    }
    long start = System.nanoTime();
    long tokens = 0;
    for (ModelInput input = engine.schedule(); input != null; input = engine.schedule()) {
      tokens += engine.update(compute(input), 1_000_000).size();
    }
    return tokens * NANOS_PER_SECOND / (System.nanoTime() - start);
  }

  private static StepOutput compute(ModelInput input) {
    int[] tokenIds = new int[input.samples().size()];
    Arrays.setAll(tokenIds, i -> 5 + i % 200);
    return new StepOutput(input.step(), tokenIds);
  }
}
