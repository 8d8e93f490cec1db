package io.phalanx.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.typesafe.config.Config;
import io.phalanx.runtime.device.CpuCapability;
import io.phalanx.runtime.device.DeviceInventory;
import io.phalanx.runtime.device.DeviceSlot;
import io.phalanx.runtime.metrics.Metrics;
import io.phalanx.runtime.serialization.WireMessage;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Nodes over the loopback network: forming, talking, leaving. */
public final class LocalClusterTest {
  private static final Config CONFIG =
      TestConfig.of(
          "phalanx.local-cluster { nodes = 2, gpus-per-node = 2, accelerator-type = L4 }");

  /** Who makes sure that a notice arrives after the messages that were sent before it. */
  private static final String FLUSH =
      "org.apache.pekko.remote.artery.FlushBeforeDeathWatchNotification";

  /** A question whose answer is its length. */
  public record Echo(String text, ActorRef<Echo> replyTo) implements WireMessage {}

  @Test
  void start_twoNodes_formOneClusterWithLogicalDevices() {
    try (LocalCluster cluster = LocalCluster.start(CONFIG, List.of())) {
      assertThat(cluster.nodes()).hasSize(2);
      assertThat(cluster.first().context().settings().roles())
          .containsExactlyInAnyOrder(NodeRole.values());
      assertThat(cluster.nodes().get(1).context().settings().roles())
          .containsExactly(NodeRole.WORKER);
      for (PhalanxNode node : cluster.nodes()) {
        awaitUp(node);
        assertThat(node.context().devices().slots())
            .extracting(DeviceSlot::describe)
            .containsExactly("cpu (logical L4)", "cpu (logical L4)");
      }
    }
  }

  /** The view that a node has of itself may lag a moment behind its being up. */
  private static void awaitUp(PhalanxNode node) {
    TestProbe.create(node.system())
        .awaitAssert(
            () -> {
              MemberStatus status = Cluster.get(node.system()).selfMember().status();
              assertThat(status).isEqualTo(MemberStatus.up());
              return status;
            });
  }

  @Test
  void close_stopsEveryNodeAndLeavesNoThreads() {
    LocalCluster cluster = LocalCluster.start(CONFIG, List.of());
    List<PhalanxNode> nodes = cluster.nodes();

    cluster.close();
    cluster.close();

    assertThat(nodes).allMatch(node -> node.whenTerminated().toCompletableFuture().isDone());
    assertThat(Thread.getAllStackTraces().keySet())
        .filteredOn(Thread::isAlive)
        .extracting(Thread::getName)
        .noneMatch(name -> name.startsWith(PhalanxNode.SYSTEM_NAME + "-"));
  }

  @Test
  void close_endsTheFirstNodeLast() {
    LocalCluster cluster = LocalCluster.start(CONFIG, List.of());
    List<NodeAddress> ended = new CopyOnWriteArrayList<>();
    List<NodeAddress> addresses = cluster.nodes().stream().map(PhalanxNode::address).toList();
    CompletableFuture<?>[] ends =
        cluster.nodes().stream()
            .map(node -> recordEnd(node, ended).toCompletableFuture())
            .toArray(CompletableFuture[]::new);

    cluster.close();

    CompletableFuture.allOf(ends).join();
    assertThat(ended).containsExactly(addresses.get(1), addresses.get(0));
  }

  private static CompletionStage<Void> recordEnd(PhalanxNode node, List<NodeAddress> ended) {
    NodeAddress address = node.address();
    return node.whenTerminated().thenRun(() -> ended.add(address));
  }

  @Test
  void components_areStartedByRoleOnEachNode() throws InterruptedException {
    BlockingQueue<String> started = new LinkedBlockingQueue<>();
    NodeComponentProvider provider =
        context ->
            Arrays.stream(NodeRole.values())
                .map(role -> new NodeComponent(role, role.configName(), c -> report(started)))
                .toList();

    LocalCluster cluster = LocalCluster.start(CONFIG, List.of(provider));
    try {
      List<String> paths = List.of(take(started), take(started), take(started), take(started));

      assertThat(paths)
          .containsExactlyInAnyOrder(
              "/user/control", "/user/worker", "/user/worker", "/user/ingress");
    } finally {
      cluster.close();
    }
  }

  @Test
  void message_largerThanAnOrdinaryFrame_reachesAnActorOfTheOtherNode() {
    NodeComponentProvider provider =
        context -> List.of(new NodeComponent(NodeRole.WORKER, "outer", c -> echoBelow()));

    try (LocalCluster cluster = LocalCluster.start(CONFIG, List.of(provider))) {
      PhalanxNode first = cluster.first();
      PhalanxNode second = cluster.nodes().get(1);
      TestProbe<Echo> probe = TestProbe.create(first.system());
      ActorRef<Echo> echo =
          ActorRefResolver.get(first.system())
              .resolveActorRef("pekko://phalanx@" + second.address() + "/user/outer/inner");

      probe.awaitAssert(
          () -> {
            echo.tell(new Echo("x".repeat(1 << 20), probe.ref()));
            Echo answer = probe.receiveMessage(Duration.ofSeconds(2));
            assertThat(answer.text()).isEqualTo("1048576");
            return answer;
          });
    }
  }

  @Test
  void watchedActor_thatEndsOnTheOtherNode_isToldWithoutWaitingForLostAcknowledgements() {
    Logger flush = (Logger) LoggerFactory.getLogger(FLUSH);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    flush.addAppender(log);
    NodeComponentProvider provider =
        context -> List.of(new NodeComponent(NodeRole.WORKER, "outer", c -> echoBelow()));

    try (LocalCluster cluster = LocalCluster.start(CONFIG, List.of(provider))) {
      PhalanxNode first = cluster.first();
      TestProbe<Echo> probe = TestProbe.create(first.system());
      ActorRef<Echo> echo =
          ActorRefResolver.get(first.system())
              .resolveActorRef(
                  "pekko://phalanx@" + cluster.nodes().get(1).address() + "/user/outer/inner");
      probe.awaitAssert(
          () -> {
            echo.tell(new Echo("x", probe.ref()));
            return probe.receiveMessage(Duration.ofSeconds(2));
          });

      echo.tell(new Echo("", probe.ref()));
      probe.expectTerminated(echo, Duration.ofSeconds(20));

      assertThat(log.list).extracting(ILoggingEvent::getFormattedMessage).isEmpty();
    } finally {
      flush.detachAppender(log);
    }
  }

  @Test
  void component_thatStops_takesTheNodeDown() {
    NodeComponentProvider provider =
        context -> List.of(new NodeComponent(NodeRole.WORKER, "brief", c -> Behaviors.stopped()));
    NodeSettings settings = RuntimeSettings.of(CONFIG).node();
    DeviceInventory devices =
        new DeviceInventory(List.of(), "", 1, 1, new CpuCapability("", false, false, false, false));
    NodeContext context = new NodeContext(settings, CONFIG, devices, new Metrics());

    PhalanxNode node = PhalanxNode.create(context, List.of(provider));
    node.whenTerminated().toCompletableFuture().join();

    assertThat(CoordinatedShutdown.get(node.system()).getShutdownReason())
        .contains(new NodeGuardian.ComponentStoppedReason("brief"));
  }

  /** A nested actor that answers with the length of what it got, and ends when that is nothing. */
  private static Behavior<Void> echoBelow() {
    return Behaviors.setup(
        context -> {
          context.spawn(echo(), "inner");
          return Behaviors.empty();
        });
  }

  private static Behavior<Echo> echo() {
    return Behaviors.receiveMessage(
        echo -> {
          if (echo.text().isEmpty()) {
            return Behaviors.stopped();
          }
          echo.replyTo().tell(new Echo(echo.text().length() + "", echo.replyTo()));
          return Behaviors.same();
        });
  }

  private static Behavior<Void> report(BlockingQueue<String> started) {
    return Behaviors.setup(
        context -> {
          started.add(context.getSelf().path().toStringWithoutAddress());
          return Behaviors.empty();
        });
  }

  private static String take(BlockingQueue<String> queue) throws InterruptedException {
    return Stream.ofNullable(queue.poll(20, TimeUnit.SECONDS)).findFirst().orElse("none");
  }
}
