package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which beginnings of prompts which replicas have seen, in blocks of tokens; it holds so many
 * blocks and forgets the least recently used first.
 *
 * @param <R> a replica
 */
/*
 * A block is named by a hash over its tokens and all before it, so that a chain of names is a path in
 * the tree of prompts. A path is used from its end, so that its beginning is forgotten last.
 */
final class PrefixIndex<R> {

  /**
   * The replicas that know the longest part of a prompt.
   *
   * @param blocks how many blocks they know; 0 if none does
   */
  record Match<R>(int blocks, List<R> replicas) {}

  private final int blockSize;
  private final int maxBlocks;
  private final Map<Long, List<R>> holders = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<R, Integer> counts = new HashMap<>();

  PrefixIndex(int blockSize, int maxBlocks) {
    this.blockSize = blockSize;
    this.maxBlocks = maxBlocks;
  }

  /** Returns the names of a prompt's full blocks. */
  long[] blocks(GenerationRequest request) {
    int[] tokens = request.promptTokenIds();
    long[] names = new long[tokens.length / blockSize];
    long hash = Hashing.of(request.cacheSalt());
    for (int block = 0; block < names.length; block++) {
      for (int i = 0; i < blockSize; i++) {
        hash = Hashing.mix(hash, tokens[block * blockSize + i]);
      }
      names[block] = hash;
    }
    return names;
  }

  /** Finds those of some replicas that know the longest part of a prompt. */
  Match<R> longest(long[] names, Collection<R> among) {
    List<R> best = List.of();
    int depth = 0;
    List<R> alive = new ArrayList<>(among);
    while (depth < names.length && !alive.isEmpty()) {
      alive.retainAll(holders.getOrDefault(names[depth], List.of()));
      if (!alive.isEmpty()) {
        depth++;
        best = List.copyOf(alive);
      }
    }
    return new Match<>(best.isEmpty() ? 0 : depth, best);
  }

  /** Remembers that a replica has seen the blocks. */
  void add(long[] names, R replica) {
    for (int i = Math.min(names.length, maxBlocks) - 1; i >= 0; i--) {
      List<R> known = holders.computeIfAbsent(names[i], any -> new ArrayList<>(1));
      if (!known.contains(replica)) {
        known.add(replica);
        counts.merge(replica, 1, Integer::sum);
      }
    }
    while (holders.size() > maxBlocks) {
      forgetEldest();
    }
  }

  private void forgetEldest() {
    Long eldest = holders.keySet().iterator().next();
    List<R> known = holders.remove(eldest);
    if (known != null) {
      known.forEach(replica -> counts.merge(replica, -1, Integer::sum));
    }
  }

  /** Forgets a replica. */
  void remove(R replica) {
    counts.remove(replica);
    holders.values().forEach(known -> known.remove(replica));
    holders.values().removeIf(List::isEmpty);
  }

  /** Returns how many blocks a replica has seen that are not forgotten. */
  int blocksOf(R replica) {
    return counts.getOrDefault(replica, 0);
  }

  /** Returns how many blocks it holds. */
  int size() {
    return holders.size();
  }
}
