package io.phalanx.llm.routing;

import io.phalanx.llm.engine.GenerationRequest;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The requests that wait at one ingress for a place at a replica, by rank and within a rank by age.
 *
 * @param <T> a request
 */
final class RequestQueue<T> {

  /**
   * A request that waits.
   *
   * @param item tells the request from others
   * @param request what is to be generated
   * @param rank requests of a lower one come first
   * @param order its place among those of its rank
   * @param tokens about how many tokens it takes
   */
  record Entry<T>(T item, GenerationRequest request, int rank, long order, long tokens)
      implements Comparable<Entry<T>> {
    @Override
    public int compareTo(Entry<T> other) {
      int byRank = Integer.compare(rank, other.rank);
      return byRank == 0 ? Long.compare(order, other.order) : byRank;
    }
  }

  private final TreeSet<Entry<T>> entries = new TreeSet<>();
  private final TreeMap<Integer, Long> tokens = new TreeMap<>();
  private long last;
  private long first;

  /** Adds a request behind those of its rank. */
  Entry<T> addLast(T item, GenerationRequest request, int rank, long requestTokens) {
    return add(new Entry<>(item, request, rank, ++last, requestTokens));
  }

  /** Adds a request before those of its rank. */
  Entry<T> addFirst(T item, GenerationRequest request, int rank, long requestTokens) {
    return add(new Entry<>(item, request, rank, --first, requestTokens));
  }

  private Entry<T> add(Entry<T> entry) {
    entries.add(entry);
    tokens.merge(entry.rank(), entry.tokens(), Long::sum);
    return entry;
  }

  /** Returns whether the request was waiting; it does no longer. */
  boolean remove(Entry<T> entry) {
    boolean known = entries.remove(entry);
    if (known) {
      tokens.merge(entry.rank(), -entry.tokens(), Long::sum);
      tokens.remove(entry.rank(), 0L);
    }
    return known;
  }

  /** Returns the request that is next. */
  Entry<T> first() {
    return entries.first();
  }

  /** Returns the request that is last. */
  Entry<T> last() {
    return entries.last();
  }

  int size() {
    return entries.size();
  }

  boolean isEmpty() {
    return entries.isEmpty();
  }

  /** Returns about how many tokens come before a new request of this rank. */
  long tokensAhead(int rank) {
    long ahead = 0;
    for (Map.Entry<Integer, Long> entry : tokens.headMap(rank, true).entrySet()) {
      ahead += entry.getValue();
    }
    return ahead;
  }
}
