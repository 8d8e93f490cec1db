package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.NodeAgent;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;

/** Replicas of a test on one {@link FakeNode}, and what they tell their gang. */
final class StartedReplicas {
  private static final AtomicInteger STARTED = new AtomicInteger();
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final ActorTestKit testKit;
  private final TestProbe<ReplicaGang.Command> owner;

  StartedReplicas(ActorTestKit testKit) {
    this.testKit = testKit;
    this.owner = testKit.createTestProbe();
  }

  /** Starts a replica, each rank in a bundle of its own, and waits until it is ready. */
  ReplicaGang.Ready start(LlmConfig config, ServingEnvironment environment) {
    ActorRef<NodeAgent.Command> agent = testKit.spawn(FakeNode.create(environment));
    List<BundlePlacement> placements =
        IntStream.range(0, config.parallel().worldSize())
            .mapToObj(index -> new BundlePlacement(index, "node", "127.0.0.1:1", List.of(), agent))
            .toList();
    String name = "fake-" + STARTED.getAndIncrement();
    testKit.spawn(
        Replica.create(
            new ReplicaSpec(name, Versions.first(config), 0, placements, owner.ref()),
            environment));
    return expectFromOwner(ReplicaGang.Ready.class);
  }

  /** Returns the next message of this type to the gang, past all others. */
  <T> T expectFromOwner(Class<T> type) {
    while (true) {
      ReplicaGang.Command message = owner.receiveMessage(WAIT);
      if (type.isInstance(message)) {
        return type.cast(message);
      }
    }
  }
}
