package io.phalanx.llm.engine;

/**
 * The pool of KV blocks: which are free, and the block tables of sequences.
 *
 * <p>A block has one owner at a time. Free blocks are handed out last-freed first, so that a small
 * load touches little memory.
 */
final class BlockManager {
  private final EngineSettings settings;
  private final IntList free;

  BlockManager(EngineSettings settings) {
    this.settings = settings;
    int[] descending = new int[settings.numBlocks()];
    for (int i = 0; i < descending.length; i++) {
      descending[i] = descending.length - 1 - i;
    }
    this.free = new IntList(descending);
  }

  int numFree() {
    return free.size();
  }

  int numUsed() {
    return settings.numBlocks() - free.size();
  }

  /**
   * Extends the sequence's block table so that it holds {@code tokens} tokens.
   *
   * @return false, with nothing changed, if there are too few free blocks
   */
  boolean extend(Sequence sequence, int tokens) {
    int missing = settings.blocksFor(tokens) - sequence.blockTable().size();
    if (missing > free.size()) {
      return false;
    }
    for (int i = 0; i < missing; i++) {
      sequence.blockTable().add(free.removeLast());
    }
    return true;
  }

  /** Takes all blocks of the sequence back. */
  void release(Sequence sequence) {
    IntList table = sequence.blockTable();
    while (table.size() > 0) {
      free.add(table.removeLast());
    }
  }
}
