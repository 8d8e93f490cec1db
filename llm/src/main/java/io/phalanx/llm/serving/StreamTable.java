package io.phalanx.llm.serving;

import io.phalanx.llm.engine.TokenEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Who reads which sequence of a replica, and the events so far, so that lost ones can be sent
 * again; those of the latest finished sequences are kept a while.
 *
 * @param <R> a reader
 */
final class StreamTable<R> {
  private static final int MAX_FINISHED = 256;

  private final Map<String, R> readers = new LinkedHashMap<>();
  private final Map<String, List<TokenEvent>> events = new HashMap<>();
  private final LinkedHashMap<String, List<TokenEvent>> finished = new LinkedHashMap<>();

  /** Adds a sequence without events. */
  void open(String requestId, R reader) {
    readers.put(requestId, reader);
    events.put(requestId, new ArrayList<>());
    finished.remove(requestId);
  }

  /** Keeps an event and returns who reads it; empty if nobody does any more. */
  Optional<R> record(TokenEvent event) {
    String requestId = event.requestId();
    List<TokenEvent> log = events.get(requestId);
    R reader = readers.get(requestId);
    if (log == null || reader == null) {
      return Optional.empty();
    }
    log.add(event);
    if (event.finishReason() != null) {
      close(requestId);
      retain(requestId, log);
    }
    return Optional.of(reader);
  }

  private void retain(String requestId, List<TokenEvent> log) {
    finished.put(requestId, log);
    if (finished.size() > MAX_FINISHED) {
      finished.remove(finished.keySet().iterator().next());
    }
  }

  /** Forgets a sequence that ends without a last event. */
  void close(String requestId) {
    readers.remove(requestId);
    events.remove(requestId);
  }

  /** Returns the events from a position on; empty if the sequence is not known. */
  Optional<List<TokenEvent>> since(String requestId, int position) {
    List<TokenEvent> log = events.getOrDefault(requestId, finished.get(requestId));
    return Optional.ofNullable(log)
        .map(known -> List.copyOf(known.subList(Math.min(position, known.size()), known.size())));
  }

  /** Returns the unfinished sequences of one reader. */
  List<String> requestsOf(R reader) {
    return readers.entrySet().stream()
        .filter(entry -> entry.getValue().equals(reader))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Returns every unfinished sequence and its reader. */
  Map<String, R> readers() {
    return Map.copyOf(readers);
  }
}
