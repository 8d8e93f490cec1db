package io.phalanx.placement;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.RuntimeSettings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.typed.Cluster;

/**
 * Control and worker nodes with four GPUs in a JVM each, and a node without either role in this
 * JVM, from which a test asks for groups and reads the ledgers.
 */
final class JvmCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final int GPUS = 4;

  private final BlockingQueue<NodeProcess> deaf = new LinkedBlockingQueue<>();
  private final List<NodeProcess> processes = new ArrayList<>();
  private final PhalanxNode observer;
  private final PlacementGroups groups;
  private final TestProbe<Object> probe;

  private JvmCluster(PhalanxNode observer) {
    this.observer = observer;
    this.groups = PlacementGroups.of(observer.system());
    this.probe = TestProbe.create(observer.system());
  }

  static JvmCluster start(int nodes) throws IOException, InterruptedException {
    Config config =
        ConfigFactory.parseString(
                "phalanx.node { host = \"127.0.0.1\", roles = [ingress], gpus = 0 }")
            .withFallback(NodeProcess.SETTINGS)
            .withFallback(ConfigFactory.load())
            .resolve();
    JvmCluster cluster =
        new JvmCluster(
            PhalanxNode.start(
                config,
                RuntimeSettings.of(config).node(),
                Optional.empty(),
                List.of(context -> PlacementComponents.of((spec, grant) -> Behaviors.empty()))));
    for (int i = 0; i < nodes; i++) {
      cluster.startNode();
    }
    cluster.awaitNodes(nodes);
    return cluster;
  }

  private void startNode() throws IOException {
    processes.add(NodeProcess.start(GPUS, observer.address().toString(), deaf));
  }

  /** Waits until the manager knows so many nodes. */
  private void awaitNodes(int count) throws InterruptedException {
    for (NodeProcess process : processes) {
      process.awaitUp();
    }
    probe.awaitAssert(
        PATIENCE,
        () -> {
          assertThat(groups.nodes().toCompletableFuture().join()).hasSize(count);
          return probe;
        });
  }

  PlacementGroups groups() {
    return groups;
  }

  void awaitCreated(Collection<PlacementGroup> all) {
    for (PlacementGroup group : all) {
      assertThat(group.await(PATIENCE)).as("[%s] is created", group.spec().id()).isTrue();
    }
  }

  /** Returns where the bundles of some groups lie. */
  List<BundlePlacement> placements(Set<String> groupIds) {
    return groups.list().toCompletableFuture().join().stream()
        .filter(group -> groupIds.contains(group.spec().id()))
        .flatMap(group -> group.placements().stream())
        .toList();
  }

  /** Tells all agents what to ignore. */
  void order(String what) throws IOException, InterruptedException {
    for (NodeProcess process : processes) {
      process.order(what);
    }
  }

  /**
   * Kills the manager's node once the agent of another node has ignored it.
   *
   * @return the killed node's address
   */
  String killManagerOnceAnotherIsDeaf() throws IOException, InterruptedException {
    String manager = managerAddress();
    NodeProcess ignoring = deaf.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    while (ignoring != null && ignoring.address().equals(manager)) {
      ignoring = deaf.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }
    assertThat(ignoring).as("a node that ignores the manager").isNotNull();
    processes.stream().filter(node -> node.address().equals(manager)).forEach(NodeProcess::kill);
    processes.removeIf(node -> node.address().equals(manager));
    deaf.clear();
    order(PlacementNodeMain.HEAR);
    return manager;
  }

  /** The singleton lives on the oldest node that has its role. */
  private String managerAddress() {
    return StreamSupport.stream(
            Cluster.get(observer.system()).state().getMembers().spliterator(), false)
        .filter(member -> member.hasRole("control"))
        .min((a, b) -> a.isOlderThan(b) ? -1 : 1)
        .map(JvmCluster::hostAndPort)
        .orElseThrow();
  }

  private static String hostAndPort(Member member) {
    return member.address().host().get() + ":" + member.address().port().get();
  }

  /** Starts a node in place of one that was killed, and waits until the cluster knows of both. */
  void replace(String killed) throws IOException, InterruptedException {
    startNode();
    processes.get(processes.size() - 1).awaitUp();
    probe.awaitAssert(
        PATIENCE,
        () -> {
          assertThat(groups.nodes().toCompletableFuture().join())
              .hasSize(processes.size())
              .noneMatch(node -> node.address().equals(killed));
          return probe;
        });
  }

  /** Waits until so many groups, all created, own exactly what the ledgers hold. */
  void awaitConsistent(int count) {
    probe.awaitAssert(
        PATIENCE,
        () -> {
          List<GroupView> views = groups.list().toCompletableFuture().join();
          assertThat(views).hasSize(count);
          assertThat(views).allMatch(group -> group.state() == GroupState.CREATED);
          List<String> owned = new ArrayList<>();
          views.forEach(group -> group.placements().forEach(b -> owned.add(text(group, b))));
          List<String> held = new ArrayList<>();
          states().forEach(state -> held.addAll(holdings(state)));
          assertThat(held).containsExactlyInAnyOrderElementsOf(owned);
          assertThat(new HashSet<>(owned)).hasSameSizeAs(owned);
          return probe;
        });
  }

  private static String text(GroupView group, BundlePlacement bundle) {
    BundleId id = group.spec().bundleId(bundle.bundleIndex());
    return id + " on " + bundle.nodeId() + " " + bundle.deviceIndexes() + " COMMITTED";
  }

  /** Returns what a ledger holds, and checks that it adds up. */
  private static List<String> holdings(NodeState state) {
    Resources[] sum = {state.view().freeWithGpus()};
    List<String> texts = new ArrayList<>();
    state
        .holdings(Epoch.NONE)
        .forEach(
            holding -> {
              sum[0] = sum[0].plus(holding.resources());
              texts.add(
                  holding.id()
                      + " on "
                      + state.view().nodeId()
                      + " "
                      + holding.deviceIndexes()
                      + " "
                      + holding.phase());
            });
    assertThat(sum[0]).isEqualTo(state.view().node().total());
    return texts;
  }

  private List<NodeState> states() {
    TestProbe<Receptionist.Listing> listings = TestProbe.create(observer.system());
    observer.system().receptionist().tell(Receptionist.find(NodeAgent.SERVICE_KEY, listings.ref()));
    Set<ActorRef<NodeAgent.Command>> agents =
        listings.receiveMessage(PATIENCE).getServiceInstances(NodeAgent.SERVICE_KEY);
    assertThat(agents).hasSameSizeAs(processes);
    TestProbe<NodeState> states = TestProbe.create(observer.system());
    agents.forEach(agent -> agent.tell(new NodeAgent.Describe(states.ref())));
    return states.receiveSeveralMessages(agents.size(), PATIENCE);
  }

  @Override
  public void close() {
    processes.forEach(NodeProcess::close);
    observer.stop();
  }
}
