package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.engine.ModelInput;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** {@link StepOrder}: when a stage ends steps. */
final class StepOrderTest {

  @Test
  void begun_onTheLastStage_endsTheSameStep() {
    assertThat(endedBySteps(new StepOrder(2, 3), 3)).containsExactly("0", "1", "2");
  }

  @Test
  void begun_onAnEarlierStage_endsTheStepThatHasReachedTheLast() {
    assertThat(endedBySteps(new StepOrder(0, 2), 3)).containsExactly("", "0", "1");
    assertThat(endedBySteps(new StepOrder(1, 4), 4)).containsExactly("", "", "0", "1");
  }

  @Test
  void told_ofAStepThatIsOpen_endsIt() {
    StepOrder order = new StepOrder(0, 4);
    order.begun(step(5));
    order.begun(step(6));

    assertThat(text(order.told(5))).isEqualTo("5");
    assertThat(text(order.told(6))).isEqualTo("6");
    assertThat(text(order.told(6))).isEmpty();
  }

  @Test
  void told_ofAStepThatHasEnded_endsNothing() {
    StepOrder order = new StepOrder(0, 2);
    order.begun(step(0));
    order.begun(step(1));

    assertThat(text(order.told(0))).isEmpty();
    assertThat(text(order.told(1))).isEqualTo("1");
  }

  private static List<String> endedBySteps(StepOrder order, int steps) {
    List<String> ended = new ArrayList<>();
    for (int step = 0; step < steps; step++) {
      ended.add(text(order.begun(step(step))));
    }
    return ended;
  }

  private static String text(Optional<ModelInput> input) {
    return input.map(step -> Long.toString(step.step())).orElse("");
  }

  static ModelInput step(long step) {
    return new ModelInput(
        step, new int[] {1}, new int[] {1}, new int[] {1}, new int[][] {{0}}, List.of());
  }
}
