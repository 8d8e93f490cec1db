package io.phalanx.llm.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The pool of KV blocks: who holds which, which are free, and which of them still hold the prefix
 * of a sequence that may come.
 *
 * <pre>
 * free   -> used     handed out; what it held is forgotten
 * used   -> cached   its last holder has gone and its content is published
 * used   -> free     its last holder has gone
 * cached -> used     a sequence with the same prefix is admitted
 * cached -> free     the least recently used one, when no other block is free
 * </pre>
 */
/*
 * A block is published once a step that filled it has been updated, never before, and a full block is
 * not written again, so that sharing it is safe: a sequence writes behind its cached prefix only.
 * Sequences that compute the same prefix at the same time keep a copy each; the first is published.
 *
 * A sequence's blocks are freed from its end, so that a prefix outlives what follows it. Blocks
 * without content are handed out last-freed first: a small load touches little memory.
 */
final class BlockManager {
  private final EngineSettings settings;
  private final BlockHasher hasher;
  private final FreeBlocks free;
  private final int[] holders;
  private final Map<BlockHash, Integer> published = new HashMap<>();
  private final @Nullable BlockHash[] contents;
  private final IntList found = new IntList(new int[0]);
  private int numCached;
  private long prefixQueries;
  private long prefixHits;

  /** Creates a pool whose hashes have a key from {@code keys}. */
  BlockManager(EngineSettings settings, RandomGenerator keys) {
    this.settings = settings;
    this.hasher = new BlockHasher(settings.blockSize(), keys);
    this.free = new FreeBlocks(settings.numBlocks());
    this.holders = new int[settings.numBlocks()];
    this.contents = new BlockHash[settings.numBlocks()];
  }

  /** Returns the blocks that no sequence holds and that hold no prefix. */
  int numFree() {
    return free.size() - numCached;
  }

  /** Returns the blocks that no sequence holds and that hold a prefix. */
  int numCached() {
    return numCached;
  }

  /** Returns the blocks that sequences hold. */
  int numUsed() {
    return settings.numBlocks() - free.size();
  }

  /** Returns how many sequences hold the block. */
  int holders(int block) {
    return holders[block];
  }

  /** Returns the prompt tokens that were looked up when their sequences were admitted. */
  long prefixQueries() {
    return prefixQueries;
  }

  /** Returns those of {@link #prefixQueries} that need not be computed. */
  long prefixHits() {
    return prefixHits;
  }

  /** Returns how many tokens of the sequence need not be computed if it is admitted now. */
  int findPrefix(Sequence sequence) {
    found.clear();
    if (settings.enablePrefixCaching()) {
      int blocks = (sequence.numTokens() - 1) / settings.blockSize();
      hasher.extend(sequence, blocks);
      for (int i = 0; i < blocks; i++) {
        Integer block = published.get(sequence.blockHashes().get(i));
        if (block == null) {
          break;
        }
        found.add(block);
      }
    }
    return found.size() * settings.blockSize();
  }

  /**
   * Gives the sequence the blocks that {@link #findPrefix} has just found for it, and new ones for
   * the rest of its tokens.
   *
   * @return false, with nothing changed, if there are too few
   */
  boolean admit(Sequence sequence) {
    int missing = settings.blocksFor(sequence.numTokens()) - found.size();
    if (missing > free.size() - unheld(found)) {
      return false;
    }
    for (int i = 0; i < found.size(); i++) {
      hold(found.get(i));
      sequence.addBlock(found.get(i));
    }
    extend(sequence, sequence.numTokens());
    int prefix = found.size() * settings.blockSize();
    if (sequence.startAfter(prefix, found.size()) && settings.enablePrefixCaching()) {
      prefixQueries += sequence.numPromptTokens();
      prefixHits += prefix;
    }
    return true;
  }

  /**
   * Extends the sequence's block table so that it holds {@code tokens} tokens.
   *
   * @return false, with nothing changed, if there are too few blocks
   */
  boolean extend(Sequence sequence, int tokens) {
    int missing = settings.blocksFor(tokens) - sequence.numBlocks();
    if (missing > free.size()) {
      return false;
    }
    for (int i = 0; i < missing; i++) {
      sequence.addBlock(takeFirst());
    }
    return true;
  }

  /** Lets other sequences find the blocks that the first {@code computed} tokens have filled. */
  void publish(Sequence sequence, int computed) {
    int full = computed / settings.blockSize();
    if (!settings.enablePrefixCaching() || full <= sequence.numPublishedBlocks()) {
      return;
    }
    hasher.extend(sequence, full);
    for (int i = sequence.numPublishedBlocks(); i < full; i++) {
      int block = sequence.block(i);
      BlockHash content = sequence.blockHashes().get(i);
      if (published.putIfAbsent(content, block) == null) {
        contents[block] = content;
      }
    }
    sequence.publishedBlocks(full);
  }

  /** Takes all blocks of the sequence back. */
  void release(Sequence sequence) {
    while (sequence.numBlocks() > 0) {
      int block = sequence.removeLastBlock();
      if (--holders[block] == 0) {
        giveBack(block);
      }
    }
  }

  private void giveBack(int block) {
    if (contents[block] == null) {
      free.addFirst(block);
    } else {
      free.addLast(block);
      numCached++;
    }
  }

  private void hold(int block) {
    if (holders[block]++ == 0) {
      free.remove(block);
      numCached--;
    }
  }

  private int takeFirst() {
    int block = free.removeFirst();
    BlockHash content = contents[block];
    if (content != null) {
      published.remove(content);
      contents[block] = null;
      numCached--;
    }
    holders[block] = 1;
    return block;
  }

  private int unheld(IntList blocks) {
    int count = 0;
    for (int i = 0; i < blocks.size(); i++) {
      count += holders[blocks.get(i)] == 0 ? 1 : 0;
    }
    return count;
  }
}
