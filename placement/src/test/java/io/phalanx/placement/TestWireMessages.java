package io.phalanx.placement;

import io.phalanx.runtime.serialization.WireMessages;
import java.util.List;

/** What the tests of placement send between nodes. */
public final class TestWireMessages implements WireMessages {

  @Override
  public int firstId() {
    return 92_000;
  }

  @Override
  public List<Class<?>> classes() {
    return List.of(
        TestSpec.class, PlacementClusterTest.Question.class, PlacementClusterTest.Answer.class);
  }
}
