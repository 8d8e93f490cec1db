package io.phalanx.llm.serving;

import io.phalanx.llm.engine.TokenEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Who reads which sequence of a replica, and the events so far, so that lost ones can be sent
 * again; those of the latest finished sequences are kept a while. The events of a step are gathered
 * for each reader.
 *
 * @param <R> a reader
 */
final class StreamTable<R> {
  private static final int MAX_FINISHED = 256;

  /** A reader and what it is sent next. */
  private static final class Outbox<R> {
    private final R reader;
    private List<TokenEvent> events = new ArrayList<>();
    private int sequences;

    private Outbox(R reader) {
      this.reader = reader;
    }
  }

  private record Entry<R>(Outbox<R> outbox, List<TokenEvent> log) {}

  private final Map<String, Entry<R>> sequences = new LinkedHashMap<>();
  private final Map<R, Outbox<R>> outboxes = new LinkedHashMap<>();
  private final LinkedHashMap<String, List<TokenEvent>> finished = new LinkedHashMap<>();

  /** Adds a sequence without events. */
  void open(String requestId, R reader) {
    Outbox<R> outbox = outboxes.computeIfAbsent(reader, Outbox::new);
    outbox.sequences++;
    sequences.put(requestId, new Entry<>(outbox, new ArrayList<>()));
    finished.remove(requestId);
  }

  /** Keeps an event, and gathers it if anybody still reads the sequence. */
  void record(TokenEvent event) {
    Entry<R> entry = sequences.get(event.requestId());
    if (entry == null) {
      return;
    }
    entry.log.add(event);
    entry.outbox.events.add(event);
    if (event.finishReason() != null) {
      close(event.requestId());
      retain(event.requestId(), entry.log);
    }
  }

  private void retain(String requestId, List<TokenEvent> log) {
    finished.put(requestId, log);
    if (finished.size() > MAX_FINISHED) {
      finished.remove(finished.keySet().iterator().next());
    }
  }

  /** Hands out what was gathered for each reader. */
  void flush(BiConsumer<R, List<TokenEvent>> send) {
    for (Outbox<R> outbox : outboxes.values()) {
      if (!outbox.events.isEmpty()) {
        send.accept(outbox.reader, outbox.events);
        outbox.events = new ArrayList<>();
      }
    }
    outboxes.values().removeIf(outbox -> outbox.sequences == 0);
  }

  /** Forgets a sequence that ends without a last event. */
  void close(String requestId) {
    Entry<R> entry = sequences.remove(requestId);
    if (entry != null) {
      entry.outbox.sequences--;
    }
  }

  /** Returns the events from a position on; empty if the sequence is not known. */
  Optional<List<TokenEvent>> since(String requestId, int position) {
    Entry<R> entry = sequences.get(requestId);
    @Nullable List<TokenEvent> log = entry == null ? finished.get(requestId) : entry.log;
    return Optional.ofNullable(log)
        .map(known -> List.copyOf(known.subList(Math.min(position, known.size()), known.size())));
  }

  /** Returns the unfinished sequences of one reader. */
  List<String> requestsOf(R reader) {
    return sequences.entrySet().stream()
        .filter(entry -> entry.getValue().outbox.reader.equals(reader))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Returns every unfinished sequence and its reader. */
  Map<String, R> readers() {
    Map<String, R> readers = new HashMap<>();
    sequences.forEach((requestId, entry) -> readers.put(requestId, entry.outbox.reader));
    return readers;
  }
}
