package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.FinishReason;
import io.phalanx.llm.engine.TokenEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** {@link StreamTable}: who gets what, and what is kept. */
final class StreamTableTest {
  private final StreamTable<String> table = new StreamTable<>();

  private static TokenEvent event(String id, int position, @Nullable FinishReason reason) {
    return new TokenEvent(id, position, 7, "x", reason);
  }

  /** Returns what each reader is handed, such as {@code alice: a0 b0}. */
  private List<String> flush() {
    List<String> sent = new ArrayList<>();
    table.flush(
        (reader, events) -> {
          StringBuilder text = new StringBuilder(reader + ":");
          events.forEach(e -> text.append(' ').append(e.requestId()).append(e.position()));
          sent.add(text.toString());
        });
    return sent;
  }

  @Test
  void flush_afterAStep_handsEachReaderItsEventsOnce() {
    table.open("a", "alice");
    table.open("b", "bob");
    table.open("c", "alice");
    table.record(event("a", 0, null));
    table.record(event("b", 0, null));
    table.record(event("c", 0, null));
    table.record(event("unknown", 0, null));

    assertThat(flush()).containsExactly("alice: a0 c0", "bob: b0");
    assertThat(flush()).isEmpty();
  }

  @Test
  void record_lastEvent_isHandedOutAndKeptForAWhile() {
    table.open("a", "alice");
    table.record(event("a", 0, null));
    table.record(event("a", 1, FinishReason.STOP));

    assertThat(flush()).containsExactly("alice: a0 a1");
    assertThat(table.requestsOf("alice")).isEmpty();
    assertThat(table.since("a", 1)).hasValueSatisfying(events -> assertThat(events).hasSize(1));
    for (int i = 0; i < 256; i++) {
      table.open("f" + i, "bob");
      table.record(event("f" + i, 0, FinishReason.STOP));
    }
    assertThat(table.since("a", 0)).isEmpty();
  }

  @Test
  void close_runningSequence_forgetsIt() {
    table.open("a", "alice");
    table.open("b", "alice");
    table.close("a");
    table.record(event("a", 0, null));

    assertThat(flush()).isEmpty();
    assertThat(table.since("a", 0)).isEmpty();
    assertThat(table.readers()).containsExactly(Map.entry("b", "alice"));
  }
}
