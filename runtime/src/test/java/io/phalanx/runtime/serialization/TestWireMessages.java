package io.phalanx.runtime.serialization;

import io.phalanx.runtime.LocalClusterTest;
import java.util.List;

/** The wire classes of the runtime's tests, found as a service. */
public final class TestWireMessages implements WireMessages {

  @Override
  public int firstId() {
    return 9000;
  }

  @Override
  public List<Class<?>> classes() {
    return List.of(
        KryoWireSerializerTest.Everything.class,
        KryoWireSerializerTest.Inner.class,
        LocalClusterTest.Echo.class);
  }
}
