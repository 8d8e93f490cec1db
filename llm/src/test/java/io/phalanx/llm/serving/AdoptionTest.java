package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** When the replicas that announced themselves make a gang. */
final class AdoptionTest {
  private static final ActorTestKit testKit = ActorTestKit.create();

  private final TestProbe<ReplicaGang.Command> owner = testKit.createTestProbe();
  private final TestProbe<Replica.Command> replica = testKit.createTestProbe();
  private final Adoption adoption = new Adoption();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void add_replicaOfItsOwn_isAGang() {
    assertThat(adoption.add(announce("m-0-aaaa", 0, 1))).hasValueSatisfying(AdoptionTest::isOne);
  }

  @Test
  void add_dataParallel_onlyAllOfOneGangAreIt() {
    assertThat(adoption.add(announce("m-0.0-aaaa", 0, 2))).isEmpty();
    assertThat(adoption.add(announce("m-0.0-aaaa", 0, 2))).isEmpty();
    assertThat(adoption.add(announce("m-1.0-bbbb", 1, 2))).isEmpty();

    Optional<List<DeploymentController.Announce>> gang = adoption.add(announce("m-0.1-aaaa", 0, 2));

    assertThat(gang)
        .hasValueSatisfying(
            members ->
                assertThat(members)
                    .extracting(member -> member.spec().name())
                    .containsExactly("m-0.0-aaaa", "m-0.1-aaaa"));
  }

  private static void isOne(List<DeploymentController.Announce> gang) {
    assertThat(gang).hasSize(1);
  }

  private DeploymentController.Announce announce(String name, int gang, int dataParallelSize) {
    LlmConfig config = LlmConfig.builder().modelId("m").dataParallelSize(dataParallelSize).build();
    ReplicaSpec spec = new ReplicaSpec(name, Versions.first(config), gang, List.of(), owner.ref());
    return new DeploymentController.Announce(spec, replica.ref(), Optional.empty(), false);
  }
}
