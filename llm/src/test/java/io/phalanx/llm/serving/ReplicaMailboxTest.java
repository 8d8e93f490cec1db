package io.phalanx.llm.serving;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.tokenizer.FakeTokenizer;
import io.phalanx.llm.tokenizer.IncrementalDetokenizer;
import io.phalanx.llm.tokenizer.Tokenizer;
import io.phalanx.placement.BundlePlacement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** {@link ReplicaMailbox}: what a replica that is busy has not read. */
final class ReplicaMailboxTest {
  private static final ActorTestKit testKit = ActorTestKit.create();
  private static final Duration WAIT = Duration.ofSeconds(20);

  private final TestProbe<ReplicaGang.Command> owner = testKit.createTestProbe();
  private final TestProbe<Replica.ToIngress> ingress = testKit.createTestProbe();
  private final CountDownLatch blocked = new CountDownLatch(1);
  private final Gate gate = new Gate();

  @AfterAll
  static void shutDown() {
    testKit.shutdownTestKit();
  }

  @Test
  void report_ofABlockedReplica_countsUnreadRequestsAndNothingElse() throws Exception {
    ActorRef<Replica.Command> replica = start();
    replica.tell(generate("block"));
    blocked.await();

    replica.tell(new Replica.Subscribe(ingress.ref()));
    replica.tell(generate("a"));
    replica.tell(new Replica.Abort("nobody"));
    replica.tell(generate("b"));
    replica.tell(generate("c"));
    assertThat(unreadOf(replica)).isEqualTo(3);

    gate.open();
    assertThat(nextReport().backlog().unreadRequests()).isEqualTo(3);
    Replica.BacklogReport last = nextReport();
    while (last.backlog().requests() > 0) {
      last = nextReport();
    }
    assertThat(unreadOf(replica)).isZero();
  }

  @Test
  void replicaThatHasEnded_hasNothingUnread() throws Exception {
    ActorRef<Replica.Command> replica = start();
    replica.tell(generate("block"));
    blocked.await();
    replica.tell(generate("a"));
    replica.tell(new Replica.Drain());

    gate.open();

    ingress.expectTerminated(replica, WAIT);
    assertThat(unreadOf(replica)).isZero();
  }

  private Replica.BacklogReport nextReport() {
    while (true) {
      Replica.ToIngress message = ingress.receiveMessage(WAIT);
      if (message instanceof Replica.BacklogReport report) {
        return report;
      }
    }
  }

  private Replica.Generate generate(String id) {
    return new Replica.Generate(
        new GenerationRequest(id, new int[] {1}, SamplingParams.greedy(4).withIgnoreEos()),
        ingress.ref());
  }

  private ActorRef<Replica.Command> start() {
    LlmConfig config =
        LlmConfig.builder().modelId("fake").modelSource("fake").maxModelLen(256).build();
    ServingEnvironment fake = new FakeModel().environment();
    ServingEnvironment environment =
        new ServingEnvironment(
            fake.models(),
            directory -> new BlockingTokenizer(),
            fake.groups(),
            fake.runners(),
            fake.settings());
    BundlePlacement placement =
        new BundlePlacement(
            0, "node", "127.0.0.1:1", List.of(), testKit.spawn(FakeNode.create(environment)));
    ReplicaSpec spec =
        new ReplicaSpec("fake-0", Versions.first(config), 0, List.of(placement), owner.ref());
    LlmWorkerLauncher launcher = new LlmWorkerLauncher(environment);
    ActorRef<Replica.Command> replica =
        testKit.spawn(
            Replica.create(spec, environment),
            "replica-" + System.nanoTime(),
            launcher.props(spec));
    while (!(owner.receiveMessage(WAIT) instanceof ReplicaGang.Ready)) {
      assertThat(unreadOf(replica)).isZero(); // until the warm-up is through
    }
    return replica;
  }

  private static int unreadOf(ActorRef<Replica.Command> replica) {
    return UnreadRequests.of(testKit.system()).count(replica);
  }

  /** Holds whoever detokenizes the second sequence, which is the first after the warm-up. */
  private final class BlockingTokenizer implements Tokenizer {
    private final FakeTokenizer tokenizer = new FakeTokenizer();
    private int sequences;

    @Override
    public int[] encodeText(String text) {
      return tokenizer.encodeText(text);
    }

    @Override
    public int[] encodePrompt(String text) {
      return tokenizer.encodePrompt(text);
    }

    @Override
    public String decode(int[] tokenIds) {
      return tokenizer.decode(tokenIds);
    }

    @Override
    public int vocabSize() {
      return tokenizer.vocabSize();
    }

    @Override
    public IncrementalDetokenizer newDetokenizer() {
      sequences++;
      if (sequences == 2) {
        blocked.countDown();
        gate.pass();
      }
      return tokenizer.newDetokenizer();
    }

    @Override
    public void close() {
      tokenizer.close();
    }
  }
}
