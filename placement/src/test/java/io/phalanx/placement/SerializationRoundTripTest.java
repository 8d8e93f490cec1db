package io.phalanx.placement;

import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import io.phalanx.runtime.serialization.SerializationRoundTrip;
import java.util.List;
import java.util.Map;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Every message of placement goes over the wire and comes back equal. */
final class SerializationRoundTripTest {
  private static final ActorTestKit testKit = SerializationRoundTrip.testKit();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void everyMessage_goesRound() {
    NodeInfo node = Clusters.node(1, 2);
    SerializationRoundTrip.of(testKit, new PlacementWireMessages())
        .withSample(new Bundle(Resources.ofGpus(1), Map.of("accelerator-type", "in(L4,A100)")))
        .withSample(node)
        .withSample(NodeView.empty(node))
        .withSample(new DeviceSlot(0, Device.CPU, "L4", true))
        .withSample(new TestSpec("x"))
        .verify();
  }

  @Test
  void placement_ofSeveralBundles_goesRound() {
    PlacementGroupSpec spec = Clusters.group("g", PlacementStrategy.PACK, 1, 0.0001, 2);
    SerializationRoundTrip.of(testKit, new PlacementWireMessages())
        .assertGoesRound(
            new NodeAgent.Prepare(
                new Epoch(3, "m"),
                4,
                spec,
                testKit.<GroupEvent>createTestProbe().ref(),
                Map.of(0, List.of(1), 2, List.of(2, 3)),
                false,
                testKit.<NodeReply>createTestProbe().ref()));
  }
}
