package io.phalanx.llm.engine;

/** The blocks that no sequence holds, in the order in which they are taken; a list over arrays. */
final class FreeBlocks {
  /** Neighbours by block number; the last entry is the list's own end. */
  private final int[] next;

  private final int[] previous;
  private final int end;
  private int size;

  /** Starts with all blocks, ascending. */
  FreeBlocks(int numBlocks) {
    next = new int[numBlocks + 1];
    previous = new int[numBlocks + 1];
    end = numBlocks;
    next[end] = end;
    previous[end] = end;
    for (int block = 0; block < numBlocks; block++) {
      addLast(block);
    }
  }

  int size() {
    return size;
  }

  /** Adds a block that is taken before all others. */
  void addFirst(int block) {
    insert(block, next[end]);
  }

  /** Adds a block that is taken after all others. */
  void addLast(int block) {
    insert(block, end);
  }

  int removeFirst() {
    int first = next[end];
    remove(first);
    return first;
  }

  /** Removes a block that is in the list. */
  void remove(int block) {
    next[previous[block]] = next[block];
    previous[next[block]] = previous[block];
    size--;
  }

  private void insert(int block, int before) {
    int after = previous[before];
    next[block] = before;
    previous[block] = after;
    next[after] = block;
    previous[before] = block;
    size++;
  }
}
