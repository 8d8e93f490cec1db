package io.phalanx.llm.serving;

import io.phalanx.llm.engine.ModelInput;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/**
 * When a pipeline stage ends the steps whose layers it has computed, oldest first: once it has
 * computed the layers of as many later steps as there are stages after it, by when the oldest has
 * reached the end of the pipeline, or when it is told that there are not so many.
 *
 * <p>It depends on nothing but what the stage's ranks are all told in the same order, so they end a
 * step after the same layers, and no stage begins to wait for what another computes later.
 */
final class StepOrder {
  private final int stagesAfter;
  private final Deque<ModelInput> open = new ArrayDeque<>();

  /** Creates the order of one of {@code stages}. */
  StepOrder(int stage, int stages) {
    this.stagesAfter = stages - 1 - stage;
  }

  /** The layers of a step are computed; returns the step that ends now. */
  Optional<ModelInput> begun(ModelInput input) {
    open.addLast(input);
    return open.size() > stagesAfter ? Optional.of(open.removeFirst()) : Optional.empty();
  }

  /** A step has reached the end of the pipeline; returns it unless it has ended. */
  Optional<ModelInput> told(long step) {
    ModelInput oldest = open.peekFirst();
    return oldest != null && oldest.step() <= step
        ? Optional.of(open.removeFirst())
        : Optional.empty();
  }
}
