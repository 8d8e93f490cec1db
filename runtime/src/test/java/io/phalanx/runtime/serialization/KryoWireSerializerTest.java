package io.phalanx.runtime.serialization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.serialization.Serialization;
import org.apache.pekko.serialization.SerializationExtension;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** What goes over the wire, what is refused, and what damaged bytes do. */
final class KryoWireSerializerTest {
  private static final ActorTestKit testKit = SerializationRoundTrip.testKit();
  private static final int KRYO = 5170;

  private final Serialization serialization =
      SerializationExtension.get(testKit.system().classicSystem());
  private final SerializationRoundTrip roundTrip =
      SerializationRoundTrip.of(testKit, new TestWireMessages());

  /** Every type that a message may hold. */
  @SuppressWarnings("ArrayRecordComponent") // as wire messages have
  record Everything(
      @Nullable String text,
      @Nullable Integer number,
      NodeRole role,
      List<Inner> inners,
      Map<String, Long> amounts,
      Set<NodeRole> roles,
      Optional<Inner> optional,
      Duration duration,
      int[] tokens,
      int[][] tables,
      long[] seeds,
      float[] weights,
      byte[] bytes,
      ActorRef<Everything> replyTo)
      implements WireMessage {}

  /** A record within a record. */
  record Inner(int number, boolean flag, Optional<String> name) {}

  /** Not in any list. */
  record Unlisted(int number) implements WireMessage {}

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void runtimeMessages_areAllListedAndGoRound() {
    SerializationRoundTrip.of(testKit, new RuntimeWireMessages())
        .withSample(new DeviceSlot(0, Device.CPU, "L4", true))
        .verify();
  }

  @Test
  void everyType_goesRound() {
    TestProbe<Everything> probe = testKit.createTestProbe();
    roundTrip.assertGoesRound(everything(probe.ref(), "caf\u00e9 \ud83d\ude42", 5));
    roundTrip.assertGoesRound(everything(probe.ref(), null, null));
  }

  @Test
  void actorReference_thatWentRound_reachesItsActor() {
    TestProbe<Everything> probe = testKit.createTestProbe();

    Everything received =
        (Everything) roundTrip.throughTheWire(everything(probe.ref(), "hello", 1));
    received.replyTo().tell(received);

    assertThat(probe.receiveMessage().text()).isEqualTo("hello");
  }

  @Test
  void collections_thatWentRound_keepTheirOrderAndCannotBeChanged() {
    TestProbe<Everything> probe = testKit.createTestProbe();

    Everything received = (Everything) roundTrip.throughTheWire(everything(probe.ref(), "", 1));

    assertThat(received.amounts().keySet()).containsExactly("z", "a", "m");
    assertThatThrownBy(() -> received.inners().add(null))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void unlistedClass_isRefused() {
    assertThatThrownBy(() -> serialization.serialize(new Unlisted(1)).get())
        .hasMessageContaining("not registered");
  }

  @Test
  void unknownId_isRefused() {
    assertRefused(new byte[] {(byte) 0xf0, 0x7f, 1, 2, 3});
  }

  @Test
  void damagedBytes_areRefused() {
    TestProbe<Everything> probe = testKit.createTestProbe();
    byte[] bytes = serialization.serialize(everything(probe.ref(), "text", 1)).get();

    for (int length = 0; length < bytes.length; length++) {
      assertRefused(Arrays.copyOf(bytes, length));
    }
    assertRefused(Arrays.copyOf(bytes, bytes.length + 1));
  }

  @Test
  void hugeCount_isRefusedBeforeItIsAllocated() {
    byte[] ints = {30, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 0x07};

    assertThatThrownBy(() -> serialization.deserialize(ints, KRYO, "").get())
        .hasMessageContaining("exceeds the [0] bytes left");
  }

  @Test
  void tooLargeMessage_isRefusedByTheSender() {
    TestProbe<Everything> probe = testKit.createTestProbe();
    Everything large = everything(probe.ref(), "x".repeat(5 << 20), 1);

    assertThatThrownBy(() -> serialization.serialize(large).get()).hasMessageContaining("exceeds");
  }

  @Test
  void promptOf131072Tokens_goesRound() {
    TestProbe<Everything> probe = testKit.createTestProbe();
    Everything message = everything(probe.ref(), "long", 1);
    int[] tokens = new int[131_072];
    Arrays.setAll(tokens, i -> i);

    roundTrip.assertGoesRound(
        new Everything(
            message.text(),
            message.number(),
            message.role(),
            message.inners(),
            message.amounts(),
            message.roles(),
            message.optional(),
            message.duration(),
            tokens,
            message.tables(),
            message.seeds(),
            message.weights(),
            message.bytes(),
            message.replyTo()));
  }

  private void assertRefused(byte[] bytes) {
    assertThatThrownBy(() -> serialization.deserialize(bytes, KRYO, "").get())
        .isInstanceOf(RuntimeException.class);
  }

  private static Everything everything(
      ActorRef<Everything> replyTo, @Nullable String text, @Nullable Integer number) {
    Map<String, Long> amounts = new LinkedHashMap<>();
    amounts.put("z", 1L);
    amounts.put("a", 2L);
    amounts.put("m", 3L);
    return new Everything(
        text,
        number,
        NodeRole.WORKER,
        new ArrayList<>(List.of(new Inner(1, true, Optional.empty()))),
        amounts,
        Set.of(NodeRole.values()),
        Optional.of(new Inner(2, false, Optional.of("x"))),
        Duration.ofMillis(1500),
        new int[] {1, -1, 150_000},
        new int[][] {{1}, {}, {2, 3}},
        new long[] {Long.MIN_VALUE, 0},
        new float[] {0.5f},
        new byte[] {1, 2},
        replyTo);
  }
}
