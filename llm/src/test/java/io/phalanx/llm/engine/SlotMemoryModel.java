package io.phalanx.llm.engine;

import java.util.Arrays;

/**
 * A model that computes nothing but remembers: it writes each token into its KV slot, and its next
 * token is a hash of what the sequence's slots hold. A token that was computed at the wrong place,
 * not at all, or overwritten by another sequence changes everything after it.
 */
public final class SlotMemoryModel implements StepExecutor {
  private static final int EMPTY = -1;

  private final int blockSize;
  private final int vocabSize;
  private final int[] slots;

  /** Creates a model with an empty memory of {@code numBlocks} blocks. */
  public SlotMemoryModel(int blockSize, int numBlocks, int vocabSize) {
    this.blockSize = blockSize;
    this.vocabSize = vocabSize;
    this.slots = new int[blockSize * numBlocks];
    Arrays.fill(slots, EMPTY);
  }

  /** Creates a model with the sizes of an engine. */
  public static SlotMemoryModel of(EngineSettings settings) {
    return new SlotMemoryModel(settings.blockSize(), settings.numBlocks(), settings.vocabSize());
  }

  @Override
  public StepOutput execute(ModelInput input) {
    int offset = 0;
    for (int s = 0; s < input.numSequences(); s++) {
      int first = input.contextLengths()[s] - input.queryLengths()[s];
      for (int i = 0; i < input.queryLengths()[s]; i++) {
        slots[slot(input.blockTables()[s], first + i)] = input.tokenIds()[offset++];
      }
    }
    return new StepOutput(
        input.step(),
        input.samples().stream().mapToInt(row -> next(input, row.sequence())).toArray());
  }

  private int next(ModelInput input, int sequence) {
    int hash = 17;
    for (int p = 0; p < input.contextLengths()[sequence]; p++) {
      hash = 31 * hash + slots[slot(input.blockTables()[sequence], p)] + 1;
    }
    return Math.floorMod(hash ^ (hash >>> 15), vocabSize);
  }

  private int slot(int[] blockTable, int position) {
    return blockTable[position / blockSize] * blockSize + position % blockSize;
  }
}
