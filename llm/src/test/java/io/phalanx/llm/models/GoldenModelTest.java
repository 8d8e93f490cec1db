package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.ModelInput.SampleRow;
import io.phalanx.llm.engine.StepOutput;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The logits and greedy tokens of small models against the reference, cut over ranks in every way.
 */
final class GoldenModelTest {
  private static final int BLOCK_SIZE = 16;
  private static final int BLOCKS_PER_PROMPT = 20;

  private static Stream<Arguments> modelsAndCuts() {
    return Golden.MODELS.stream()
        .flatMap(
            model ->
                Stream.of(1, 2, 4)
                    .flatMap(pp -> Stream.of(1, 2, 4).map(tp -> Arguments.of(model, tp, pp))));
  }

  @ParameterizedTest(name = "{0} tp={1} pp={2}")
  @MethodSource("modelsAndCuts")
  void generate_eightPromptsInOneBatch_matchesTheReference(String model, int tp, int pp) {
    Golden golden = Golden.read(model);
    int numBlocks = BLOCKS_PER_PROMPT * golden.prompts().size();
    RunnerSettings settings = new RunnerSettings(BLOCK_SIZE, numBlocks, 0, 1);
    try (LocalRanks ranks = LocalRanks.load(Golden.directory(model), tp, pp, settings)) {
      assertGreedyTokens(golden, ranks);
      assertLogits(golden, ranks);
    }
  }

  /** Compares logits wherever the reference has them, after the reference's own tokens. */
  private static void assertLogits(Golden golden, LocalRanks ranks) {
    int steps = golden.prompts().get(0).greedyTokenIds().length;
    List<List<Integer>> tokens = new ArrayList<>();
    golden.prompts().forEach(prompt -> tokens.add(new ArrayList<>()));
    int compared = 0;
    for (int step = 0; step < steps; step++) {
      ModelInput input = step == 0 ? prefill(golden) : decode(golden, tokens);
      compared += assertLogits(golden, step, ranks.logits(input));
      for (int i = 0; i < tokens.size(); i++) {
        tokens.get(i).add(golden.prompts().get(i).greedyTokenIds()[step]);
      }
    }
    assertThat(compared)
        .isEqualTo(golden.prompts().stream().mapToInt(p -> p.logits().size()).sum());
  }

  private static int assertLogits(Golden golden, int step, float[] logits) {
    int vocab = logits.length / golden.prompts().size();
    int compared = 0;
    for (int i = 0; i < golden.prompts().size(); i++) {
      for (Golden.Logits expected : golden.prompts().get(i).logits()) {
        if (expected.step() == step) {
          assertClose(logits, i * vocab, expected.values(), golden.relativeTolerance());
          compared++;
        }
      }
    }
    return compared;
  }

  private static void assertClose(float[] found, int from, float[] expected, double tolerance) {
    double largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) found[from + i]).isCloseTo(expected[i], within(tolerance * largest));
    }
  }

  private static void assertGreedyTokens(Golden golden, LocalRanks ranks) {
    int steps = golden.prompts().get(0).greedyTokenIds().length;
    StepOutput output = ranks.execute(prefill(golden));
    List<List<Integer>> tokens = new ArrayList<>();
    golden.prompts().forEach(prompt -> tokens.add(new ArrayList<>()));
    for (int step = 0; step < steps; step++) {
      for (int i = 0; i < tokens.size(); i++) {
        tokens.get(i).add(output.tokenIds()[i]);
      }
      output = ranks.execute(decode(golden, tokens));
    }
    for (int i = 0; i < tokens.size(); i++) {
      List<Integer> expected =
          IntStream.of(golden.prompts().get(i).greedyTokenIds()).boxed().toList();
      assertThat(tokens.get(i)).as("prompt %d", i).isEqualTo(expected);
    }
  }

  private static ModelInput prefill(Golden golden) {
    List<Golden.Prompt> prompts = golden.prompts();
    int[] tokens = prompts.stream().flatMapToInt(p -> IntStream.of(p.promptTokenIds())).toArray();
    int[] lengths = prompts.stream().mapToInt(p -> p.promptTokenIds().length).toArray();
    return new ModelInput(
        0, tokens, lengths, lengths, blockTables(lengths.length), greedy(lengths.length));
  }

  private static ModelInput decode(Golden golden, List<List<Integer>> tokens) {
    int count = tokens.size();
    int[] last = tokens.stream().mapToInt(t -> t.get(t.size() - 1)).toArray();
    int[] contexts =
        IntStream.range(0, count)
            .map(i -> golden.prompts().get(i).promptTokenIds().length + tokens.get(i).size())
            .toArray();
    int[] ones = IntStream.generate(() -> 1).limit(count).toArray();
    return new ModelInput(
        tokens.get(0).size(), last, ones, contexts, blockTables(count), greedy(count));
  }

  /** Every other table in a row, the others scattered. */
  private static int[][] blockTables(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                IntStream.range(0, BLOCKS_PER_PROMPT)
                    .map(b -> i * BLOCKS_PER_PROMPT + (i % 2 == 0 ? b : b * 7 % BLOCKS_PER_PROMPT))
                    .toArray())
        .toArray(int[][]::new);
  }

  private static List<SampleRow> greedy(int count) {
    return IntStream.range(0, count).mapToObj(i -> new SampleRow(i, 0, -1, 1, 0, 0, 0)).toList();
  }
}
