package io.phalanx.llm.models;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.ModelInput.SampleRow;
import io.phalanx.llm.engine.StepOutput;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A prompt of 131,072 tokens, in chunks and with blocks that do not follow each other. */
final class LongPromptTest {
  private static final int LENGTH = 131_072;
  private static final int VOCAB = 386;
  private static final int BLOCK_SIZE = 256;
  private static final int NUM_BLOCKS = LENGTH / BLOCK_SIZE;

  @Test
  void execute_longPrompt_isTheSameForEveryChunkSizeAndBlockOrder() {
    RunnerSettings settings = new RunnerSettings(BLOCK_SIZE, NUM_BLOCKS, 0, 2);
    try (LocalRanks ranks = LocalRanks.load(Golden.directory("llama-long"), 1, 1, settings)) {
      int[] inRow = IntStream.range(0, NUM_BLOCKS).toArray();
      int[] reversed = IntStream.range(0, NUM_BLOCKS).map(b -> NUM_BLOCKS - 1 - b).toArray();

      int token = lastToken(ranks, inRow, 16_384);

      assertThat(token).isBetween(0, VOCAB - 1);
      assertThat(lastToken(ranks, reversed, 32_768)).isEqualTo(token);
    }
  }

  private static int lastToken(LocalRanks ranks, int[] blocks, int chunk) {
    int[] prompt = IntStream.range(0, LENGTH).map(i -> (i * 31 + i / 7) % 379).toArray();
    StepOutput output = new StepOutput(0, new int[0]);
    for (int first = 0; first < LENGTH; first += chunk) {
      boolean last = first + chunk == LENGTH;
      output =
          ranks.execute(
              new ModelInput(
                  first,
                  Arrays.copyOfRange(prompt, first, first + chunk),
                  new int[] {chunk},
                  new int[] {first + chunk},
                  new int[][] {blocks},
                  last ? List.of(new SampleRow(0, 0, -1, 1, 0, 0, 0)) : List.of()));
    }
    return output.tokenIds()[0];
  }
}
