package io.phalanx.llm.engine;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * The sequences that wait for room, by rank and within a rank by age; it may hold sequences that
 * have left.
 */
final class WaitingSequences implements Iterable<Sequence> {
  private final SchedulingPolicy policy;
  private final TreeMap<Integer, Deque<Sequence>> byRank = new TreeMap<>();
  private int size;

  WaitingSequences(SchedulingPolicy policy) {
    this.policy = policy;
  }

  /** Adds a sequence behind those of its rank. */
  void addLast(Sequence sequence) {
    queue(sequence).addLast(sequence);
    size++;
  }

  /** Adds a sequence before those of its rank. */
  void addFirst(Sequence sequence) {
    queue(sequence).addFirst(sequence);
    size++;
  }

  private Deque<Sequence> queue(Sequence sequence) {
    return byRank.computeIfAbsent(policy.rank(sequence.request()), any -> new ArrayDeque<>());
  }

  /** Returns the sequence that is next. */
  Sequence getFirst() {
    return byRank.firstEntry().getValue().getFirst();
  }

  /** Removes the sequence that is next. */
  void removeFirst() {
    Map.Entry<Integer, Deque<Sequence>> first = byRank.firstEntry();
    first.getValue().removeFirst();
    size--;
    if (first.getValue().isEmpty()) {
      byRank.remove(first.getKey());
    }
  }

  /** Removes the sequences that have left. */
  void removeFinished() {
    byRank.values().forEach(queue -> queue.removeIf(Sequence::isFinished));
    byRank.values().removeIf(Deque::isEmpty);
    size = byRank.values().stream().mapToInt(Deque::size).sum();
  }

  /** Returns how many there are, those that have left included. */
  int size() {
    return size;
  }

  @Override
  public Iterator<Sequence> iterator() {
    return byRank.values().stream().flatMap(Deque::stream).iterator();
  }
}
