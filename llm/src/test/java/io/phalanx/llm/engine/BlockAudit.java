package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;

/** Checks the books of an engine's pool against what its sequences hold. */
final class BlockAudit {

  private BlockAudit() {}

  /** Every block is free, cached or held, and held by as many sequences as say so. */
  static void check(LlmEngine engine, EngineSettings settings) {
    BlockManager blocks = engine.blocks();
    int[] holders = new int[settings.numBlocks()];
    for (Sequence sequence : engine.holders()) {
      for (int i = 0; i < sequence.numBlocks(); i++) {
        holders[sequence.block(i)]++;
      }
    }
    int used = 0;
    for (int block = 0; block < holders.length; block++) {
      assertThat(blocks.holders(block)).as("holders of block %d", block).isEqualTo(holders[block]);
      used += holders[block] > 0 ? 1 : 0;
    }
    assertThat(blocks.numUsed()).isEqualTo(used);
    assertThat(blocks.numFree()).isNotNegative();
    assertThat(blocks.numFree() + blocks.numCached() + used).isEqualTo(settings.numBlocks());
    assertThat(engine.stats().running()).isLessThanOrEqualTo(settings.maxNumSequences());
  }

  /** No step writes into a block that two sequences hold. */
  static void checkWrites(LlmEngine engine, ModelInput input, EngineSettings settings) {
    for (int s = 0; s < input.numSequences(); s++) {
      int context = input.contextLengths()[s];
      for (int p = context - input.queryLengths()[s]; p < context; p++) {
        int block = input.blockTables()[s][p / settings.blockSize()];
        assertThat(engine.blocks().holders(block)).as("holders of block %d", block).isEqualTo(1);
      }
    }
  }
}
