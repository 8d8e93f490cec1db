package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.ModelInput.SampleRow;
import io.phalanx.llm.layers.KernelSettings;
import io.phalanx.llm.layers.KvCacheType;
import io.phalanx.llm.layers.Quantization;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link StageOutput}: however many stages share the output projection, logits are the same. */
final class StageOutputTest {
  private static final int BLOCK_SIZE = 128;
  private static final int[] LENGTHS = {70, 12, 1};

  @ParameterizedTest
  @CsvSource({
    "llama-tiny, 1, 2, NONE",
    "llama-tiny, 1, 4, NONE",
    "llama-tiny, 2, 2, NONE",
    "llama-untied, 1, 2, NONE",
    "llama-untied, 1, 4, NONE",
    "llama-untied, 2, 2, NONE",
    "llama-tiny, 1, 2, INT8",
    "llama-untied, 2, 4, INT8"
  })
  void end_onSeveralStages_givesTheBitsOfOne(
      String model, int tp, int pp, Quantization quantization) {
    float[] expected = logits(model, tp, 1, quantization);

    assertThat(logits(model, tp, pp, quantization)).containsExactly(expected);
  }

  private static float[] logits(String model, int tp, int pp, Quantization quantization) {
    KernelSettings kernels = new KernelSettings(1, quantization, false, false, KvCacheType.AUTO);
    RunnerSettings settings = new RunnerSettings(BLOCK_SIZE, LENGTHS.length, 0, kernels);
    try (LocalRanks ranks = LocalRanks.load(Golden.directory(model), tp, pp, settings)) {
      return ranks.logits(input());
    }
  }

  /** Prompts of which the second draws nothing. */
  private static ModelInput input() {
    int[] tokens = IntStream.range(0, IntStream.of(LENGTHS).sum()).map(i -> i * 37 % 380).toArray();
    int[][] blocks =
        IntStream.range(0, LENGTHS.length).mapToObj(i -> new int[] {i}).toArray(int[][]::new);
    List<SampleRow> samples =
        IntStream.of(0, 2).mapToObj(i -> new SampleRow(i, 0, -1, 1, 0, 0, 0)).toList();
    return new ModelInput(0, tokens, LENGTHS, LENGTHS, blocks, samples);
  }
}
