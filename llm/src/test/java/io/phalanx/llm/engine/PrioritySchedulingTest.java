package io.phalanx.llm.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which request an engine computes first. */
final class PrioritySchedulingTest {

  @ParameterizedTest
  @CsvSource({"PRIORITY, a d c b", "FCFS, a b c d"})
  void schedule_oneAtATime_followsThePolicy(SchedulingPolicy policy, String order) {
    EngineSettings settings = settings(policy, 16, 1);
    LlmEngine engine = LlmEngineTest.engine(settings);
    engine.add(request("a", -5));
    engine.add(request("b", 3));
    engine.add(request("c", 0));
    engine.add(request("d", -1));

    assertThat(finished(engine, settings)).isEqualTo(order);
  }

  @Test
  void schedule_samePriority_isFirstComeFirstServed() {
    EngineSettings settings = settings(SchedulingPolicy.PRIORITY, 16, 1);
    LlmEngine engine = LlmEngineTest.engine(settings);
    engine.add(request("b", 2));
    engine.add(request("a", 2));
    engine.add(request("c", 2));

    assertThat(finished(engine, settings)).isEqualTo("b a c");
  }

  @ParameterizedTest
  @CsvSource({"PRIORITY, urgent", "FCFS, old"})
  void schedule_tooFewBlocks_takesThoseOfTheLastInOrder(SchedulingPolicy policy, String first) {
    EngineSettings settings = settings(policy, 5, 4); // 20 tokens, 12 for each request
    LlmEngine engine = LlmEngineTest.engine(settings);
    SlotMemoryModel model = SlotMemoryModel.of(settings);
    engine.add(request("old", 1));
    engine.step(model, new ArrayList<>());
    engine.add(request("urgent", 0));

    List<TokenEvent> events = LlmEngineTest.runAll(engine, model);

    assertThat(engine.stats().preemptions()).isPositive();
    assertThat(
            events.stream()
                .filter(event -> event.finishReason() != null)
                .findFirst()
                .orElseThrow()
                .requestId())
        .isEqualTo(first);
  }

  private static String finished(LlmEngine engine, EngineSettings settings) {
    List<String> order = new ArrayList<>();
    for (TokenEvent event : LlmEngineTest.runAll(engine, SlotMemoryModel.of(settings))) {
      if (event.finishReason() != null) {
        order.add(event.requestId());
      }
    }
    return String.join(" ", order);
  }

  private static EngineSettings settings(SchedulingPolicy policy, int blocks, int sequences) {
    return new EngineSettings(
        4, blocks, 16, sequences, 20, true, 1, 1000, false, Optional.empty(), policy);
  }

  private static GenerationRequest request(String id, int priority) {
    return LlmEngineTest.request(id, 4, 8).withTerms(RequestTerms.ofPriority(priority));
  }
}
