package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.GroupEvent;
import io.phalanx.placement.NodeAgent;
import io.phalanx.runtime.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.testkit.typed.javadsl.TestInbox;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.Test;

/** What {@link GangLife} decides, without an actor of its own. */
final class GangLifeTest {
  private final List<String> done = new ArrayList<>();
  private final TestInbox<Replica.Command> replica = TestInbox.create();
  private final TestInbox<NodeAgent.Command> agent = TestInbox.create();
  private final TestInbox<ReplicaGang.Command> owner = TestInbox.create();
  private final Effects effects = new Effects();

  @Test
  void onGroup_createdTwice_launchesUntilTheReplicaIsKnown() {
    GangLife life = started(1);

    life.onGroup(created(0));
    life.tick();
    life.launched(name(0), replica.getRef());
    life.onGroup(created(0));
    life.tick();

    assertThat(done).filteredOn("launch 0"::equals).hasSize(2);
  }

  @Test
  void launchRefused_afterItWasLaunched_isPassedOver() {
    GangLife life = started(1);
    life.onGroup(created(0));
    life.launched(name(0), replica.getRef());

    life.launchRefused(name(0), ErrorCode.REPLICA_FAILED, "it runs");

    assertThat(done).doesNotContain("remove 0");
  }

  @Test
  void failed_oneOfTwo_givesBothBackOnceAndStartsAgainWhenBothAreGone() {
    GangLife life = started(2);

    life.failed(name(1), ErrorCode.REPLICA_FAILED, "a rank ended");
    life.failed(name(0), ErrorCode.REPLICA_FAILED, "its node ended");
    life.onGroup(new GroupEvent.GroupRemoved(name(1)));
    assertThat(done).doesNotContain("later");
    life.onGroup(new GroupEvent.GroupRemoved(name(0)));

    assertThat(done)
        .containsExactly(
            "create 0", "create 1", "remove 0", "remove 1", "failed a rank ended", "later");
    assertThat(effects.status.get(0).message()).isEqualTo("restarts with " + name(1));
  }

  @Test
  void startAgain_takesNamesThatNoReplicaHasHad() {
    GangLife life = started(1);
    String first = name(0);
    life.failed(first, ErrorCode.REPLICA_FAILED, "a rank ended");
    life.onGroup(new GroupEvent.GroupRemoved(first));

    life.startAgain();
    life.progress(first, "late news of the first start");

    assertThat(name(0)).isNotEqualTo(first);
    assertThat(effects.status.get(0).message()).isEmpty();
  }

  @Test
  void tick_removalUnanswered_isAskedForAgain() {
    GangLife life = started(1);
    life.failed(name(0), ErrorCode.REPLICA_FAILED, "a rank ended");

    life.tick();
    assertThat(done).filteredOn("remove 0"::equals).hasSize(1);
    life.tick();

    assertThat(done).filteredOn("remove 0"::equals).hasSize(2);
  }

  @Test
  void tick_managerSilent_asksForTheGroupAgain() {
    GangLife life = started(1);

    life.tick();

    assertThat(done).containsExactly("create 0", "create 0");
  }

  @Test
  void stop_whileItWaitsToStartAgain_isOver() {
    GangLife life = started(1);
    life.failed(name(0), ErrorCode.REPLICA_FAILED, "a rank ended");
    life.onGroup(new GroupEvent.GroupRemoved(name(0)));
    assertThat(life.isOver()).isFalse();

    life.stop();
    life.startAgain();

    assertThat(life.isOver()).isTrue();
    assertThat(done).containsOnlyOnce("create 0");
  }

  @Test
  void failed_whileItStops_givesTheGroupBackAndDoesNotStartAgain() {
    GangLife life = started(1);
    life.onGroup(created(0));
    life.launched(name(0), replica.getRef());
    life.stop();

    life.failed(name(0), ErrorCode.REPLICA_FAILED, "its node ended");
    life.onGroup(new GroupEvent.GroupRemoved(name(0)));

    assertThat(replica.receiveMessage()).isEqualTo(new Replica.Drain());
    assertThat(done).contains("remove 0").doesNotContain("later", "failed its node ended");
    assertThat(life.isOver()).isTrue();
  }

  @Test
  void adopt_readyReplica_isWatchedAdoptedAndActivated() {
    LlmConfig config = LlmConfig.builder().modelId("m").build();
    GangSpec gang = new GangSpec(Versions.first(config), 0);
    ReplicaSpec spec =
        new ReplicaSpec("m-0-aaaa", gang.version(), 0, List.of(placement()), owner.getRef());
    ReplicaGang.Ready ready = new ReplicaGang.Ready("m-0-aaaa", replica.getRef(), List.of(), 99);
    GangLife life = new GangLife(gang, effects);

    life.adopt(
        List.of(
            new DeploymentController.Announce(spec, replica.getRef(), Optional.of(ready), false)),
        owner.getRef());

    assertThat(replica.getAllReceived())
        .containsExactly(
            new Replica.Adopt(owner.getRef()),
            new Replica.Reconfigure(config),
            new Replica.Activate());
    assertThat(done).containsExactly("watch 0", "started", "create 0");
    assertThat(effects.status.get(0).maxModelLength()).isEqualTo(99);
  }

  private GangLife started(int dataParallelSize) {
    LlmConfig config = LlmConfig.builder().modelId("m").dataParallelSize(dataParallelSize).build();
    GangLife life = new GangLife(new GangSpec(Versions.first(config), 0), effects);
    life.start();
    return life;
  }

  private String name(int member) {
    return effects.status.get(member).name();
  }

  private GroupEvent created(int member) {
    return new GroupEvent.GroupCreated(name(member), List.of(placement()));
  }

  private BundlePlacement placement() {
    return new BundlePlacement(0, "node", "127.0.0.1:1", List.of(0), agent.getRef());
  }

  /** Writes down what the gang is to do; members by their place. */
  private final class Effects implements GangLife.Effects {
    private List<ReplicaStatus> status = List.of();

    @Override
    public void createGroup(GangSpec gang, GangMember member) {
      note("create", member);
    }

    @Override
    public void removeGroup(GangMember member) {
      note("remove", member);
    }

    @Override
    public void launch(GangSpec gang, GangMember member) {
      note("launch", member);
    }

    @Override
    public void watch(GangMember member, ActorRef<Replica.Command> actor) {
      done.add("watch 0");
    }

    @Override
    public void startAgainLater() {
      done.add("later");
    }

    @Override
    public void started() {
      done.add("started");
    }

    @Override
    public void waits(GangMember member, Explanation explanation) {
      note("waits", member);
    }

    @Override
    public void changed(GangSpec gang, GangMembers members) {
      status = members.status(gang);
    }

    @Override
    public void failed(GangSpec gang, GangMember member, ErrorCode code, String reason) {
      done.add("failed " + reason);
    }

    private void note(String what, GangMember member) {
      List<String> names = status.stream().map(ReplicaStatus::name).toList();
      done.add(what + " " + names.indexOf(member.name()));
    }
  }
}
