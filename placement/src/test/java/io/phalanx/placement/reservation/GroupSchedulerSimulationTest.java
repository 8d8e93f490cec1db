package io.phalanx.placement.reservation;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.BundleId;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Clusters;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.GroupState;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementSettings;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Resources;
import io.phalanx.placement.reservation.ResourceLedger.Refusal;
import io.phalanx.placement.scheduling.PlacementPlanner;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * One scheduler and the ledgers of several nodes over a network that drops, repeats and delays,
 * while groups, nodes and managers come and go; who asked for something asks a new manager again.
 * After each step no ledger holds anything twice; in the end, when all is quiet, what the ledgers
 * hold is exactly what the created groups own.
 */
final class GroupSchedulerSimulationTest {
  private static final int STEPS = 2_000;
  private static final PlacementSettings SETTINGS =
      PlacementSettings.of(ConfigFactory.defaultReference());
  private static final int PREPARE_TICKS = 40;

  static LongStream seeds() {
    return LongStream.range(0, 30);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void anythingMayHappen_nothingIsReservedTwiceOrLost(long seed) {
    Simulation simulation = new Simulation(seed);
    for (int step = 0; step < STEPS; step++) {
      simulation.step();
      simulation.assertLedgersAddUp();
    }
    simulation.becomeQuiet();
    simulation.assertLedgersHoldWhatGroupsOwn();
    simulation.assertEveryFeasibleGroupIsCreated();
    simulation.assertStrategiesHold();
  }

  private record Prepared(Epoch epoch, long attempt, String groupId, int until) {}

  /** A node: its ledger, and the messages on their way to it and from it. */
  private static final class Node {
    final NodeInfo info;
    final ResourceLedger ledger;
    final Deque<Runnable> toNode = new ArrayDeque<>();
    final Deque<Runnable> fromNode = new ArrayDeque<>();
    final List<Prepared> prepared = new ArrayList<>();

    Node(NodeInfo info) {
      this.info = info;
      this.ledger = new ResourceLedger(info);
    }
  }

  private static final class Simulation {
    private final SplittableRandom random;
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final Map<String, PlacementGroupSpec> wanted = new LinkedHashMap<>();
    private final Set<String> removing = new HashSet<>();
    private final Deque<String> trace = new ArrayDeque<>();
    private final String name;
    private GroupScheduler scheduler = new GroupScheduler(planner(), SETTINGS);
    private Epoch epoch = Epoch.NONE;
    private Set<String> obeying = new HashSet<>();
    private boolean active;
    private boolean lossy = true;
    private int tick;
    private int nextNode;
    private int nextGroup;

    Simulation(long seed) {
      this.random = new SplittableRandom(seed);
      this.name = "seed " + seed;
      for (int i = 0; i < 3; i++) {
        addNode();
      }
      replaceManager();
    }

    private static PlacementPlanner planner() {
      return new PlacementPlanner(Duration.ofHours(1), () -> 0);
    }

    void step() {
      int dice = random.nextInt(100);
      if (dice < 60) {
        deliver();
      } else if (dice < 78) {
        tick();
      } else if (dice < 88) {
        createOrRepeat();
      } else if (dice < 94) {
        removeGroup();
      } else if (dice < 96 && nodes.size() < 6) {
        addNode();
      } else if (dice < 98 && nodes.size() > 2) {
        loseNode();
      } else if (dice == 99 && random.nextInt(3) == 0) {
        replaceManager();
      }
      carryOut();
    }

    private void note(String text) {
      trace.addLast(text);
      if (trace.size() > 600) {
        trace.removeFirst();
      }
    }

    private void addNode() {
      Node node = new Node(Clusters.node(++nextNode, 1 + random.nextInt(4)));
      nodes.put(node.info.nodeId(), node);
      note("add " + node.info.nodeId());
      promise(node);
    }

    private void loseNode() {
      String lost = List.copyOf(nodes.keySet()).get(random.nextInt(nodes.size()));
      nodes.remove(lost);
      note("lose " + lost);
      obeying.remove(lost);
      scheduler.nodeLost(lost);
    }

    private void replaceManager() {
      epoch = new Epoch(epoch.number() + 1, "m");
      note("manager " + epoch);
      scheduler = new GroupScheduler(planner(), SETTINGS);
      obeying = new HashSet<>();
      active = false;
      nodes.values().forEach(this::promise);
      wanted.values().forEach(spec -> assertThat(scheduler.create(spec)).isEmpty());
      removing.forEach(scheduler::remove);
    }

    private void createOrRepeat() {
      if (wanted.size() > 8) {
        PlacementGroupSpec spec = anyWanted();
        scheduler.create(spec);
        return;
      }
      PlacementStrategy[] strategies = PlacementStrategy.values();
      double[] choices = {0.25, 0.5, 1, 1, 1, 2};
      double[] gpus = new double[1 + random.nextInt(4)];
      for (int i = 0; i < gpus.length; i++) {
        gpus[i] = choices[random.nextInt(choices.length)];
      }
      PlacementGroupSpec spec =
          Clusters.group("g" + nextGroup++, strategies[random.nextInt(strategies.length)], gpus);
      note("create " + spec);
      wanted.put(spec.id(), spec);
      assertThat(scheduler.create(spec)).isEmpty();
    }

    private PlacementGroupSpec anyWanted() {
      return List.copyOf(wanted.values()).get(random.nextInt(wanted.size()));
    }

    private void removeGroup() {
      if (!wanted.isEmpty()) {
        String id = anyWanted().id();
        note("remove " + id);
        wanted.remove(id);
        removing.add(id);
        scheduler.remove(id);
      }
    }

    private void tick() {
      tick++;
      for (Node node : nodes.values()) {
        if (!obeying.contains(node.info.nodeId()) && tick % 4 == 0) {
          promise(node);
        }
        node.prepared.stream()
            .filter(prepared -> prepared.until() <= tick)
            .forEach(p -> node.ledger.expire(p.epoch(), p.attempt(), p.groupId()));
        node.prepared.removeIf(prepared -> prepared.until() <= tick);
      }
      scheduler.tick();
    }

    /** Lets one message arrive, or get lost, or arrive twice. */
    private void deliver() {
      List<Deque<Runnable>> links = new ArrayList<>();
      nodes.values().forEach(node -> links.addAll(List.of(node.toNode, node.fromNode)));
      links.removeIf(Deque::isEmpty);
      if (!links.isEmpty()) {
        Runnable message = links.get(random.nextInt(links.size())).removeFirst();
        int dice = lossy ? random.nextInt(20) : 1;
        if (dice > 0) {
          message.run();
        } else {
          note("dropped");
        }
        if (dice == 19) {
          message.run();
        }
      }
    }

    private void promise(Node node) {
      Epoch itsEpoch = epoch;
      node.toNode.add(
          () -> {
            if (node.ledger.promise(itsEpoch).isEmpty()) {
              List<Holding> holdings = node.ledger.holdings();
              answer(node, itsEpoch, () -> onPromised(node, holdings));
            }
          });
    }

    private void onPromised(Node node, List<Holding> holdings) {
      obeying.add(node.info.nodeId());
      scheduler.nodeState(node.info, holdings);
      if (!active && obeying.containsAll(nodes.keySet())) {
        active = true;
        scheduler.activate();
      }
      carryOut();
    }

    /** Sends an answer that only the manager of the same epoch takes, while the node lives. */
    private void answer(Node node, Epoch itsEpoch, Runnable news) {
      node.fromNode.add(
          () -> {
            if (itsEpoch.equals(epoch) && nodes.containsKey(node.info.nodeId())) {
              news.run();
              carryOut();
            }
          });
    }

    private void carryOut() {
      for (Effect effect : scheduler.drain()) {
        if (effect instanceof Effect.Removed removed) {
          removing.remove(removed.groupId());
        }
        Node node = effect instanceof Effect.ToNode to ? nodes.get(to.nodeId()) : null;
        if (node != null) {
          note(effect.toString());
          send(node, effect);
        }
      }
    }

    private void send(Node node, Effect effect) {
      Epoch itsEpoch = epoch;
      if (effect instanceof Effect.Prepare prepare) {
        node.toNode.add(() -> prepare(node, itsEpoch, prepare));
      } else if (effect instanceof Effect.Commit commit) {
        node.toNode.add(() -> commit(node, itsEpoch, commit));
      } else if (effect instanceof Effect.Release release) {
        node.toNode.add(() -> release(node, itsEpoch, release));
      } else {
        promise(node);
      }
    }

    private void prepare(Node node, Epoch itsEpoch, Effect.Prepare effect) {
      BundlePhase phase = effect.commit() ? BundlePhase.COMMITTED : BundlePhase.PREPARED;
      String groupId = effect.group().id();
      Optional<Refusal> refusal =
          node.ledger.prepare(
              itsEpoch, effect.attempt(), effect.group(), effect.devicesOfBundle(), phase);
      node.prepared.add(new Prepared(itsEpoch, effect.attempt(), groupId, tick + PREPARE_TICKS));
      reply(node, itsEpoch, groupId, effect.attempt(), refusal, phase);
    }

    private void commit(Node node, Epoch itsEpoch, Effect.Commit effect) {
      Optional<Refusal> refusal = node.ledger.commit(itsEpoch, effect.attempt(), effect.groupId());
      reply(node, itsEpoch, effect.groupId(), effect.attempt(), refusal, BundlePhase.COMMITTED);
    }

    private void reply(
        Node node,
        Epoch itsEpoch,
        String groupId,
        long attempt,
        Optional<Refusal> refusal,
        BundlePhase phase) {
      String id = node.info.nodeId();
      Runnable news =
          refusal.isPresent()
              ? () -> scheduler.refused(id, groupId, attempt, refusal.get().code())
              : () -> scheduler.held(id, groupId, attempt, phase);
      answer(node, itsEpoch, news);
    }

    private void release(Node node, Epoch itsEpoch, Effect.Release effect) {
      Optional<Refusal> refusal =
          node.ledger.release(itsEpoch, effect.attempt(), effect.groupId(), effect.bundles());
      if (refusal.isEmpty()) {
        node.ledger.of(effect.groupId()).forEach(holding -> node.ledger.free(holding.id()));
        answer(
            node,
            itsEpoch,
            () -> scheduler.released(node.info.nodeId(), effect.groupId(), effect.attempt()));
      }
    }

    void becomeQuiet() {
      lossy = false;
      for (int i = 0; i < 3_000; i++) {
        tick();
        carryOut();
        for (int j = 0; j < 40; j++) {
          deliver();
        }
      }
    }

    private String describe() {
      return name + "\n" + String.join("\n", trace);
    }

    void assertLedgersAddUp() {
      for (Node node : nodes.values()) {
        Resources held =
            node.ledger.holdings().stream()
                .map(Holding::resources)
                .reduce(Resources.NONE, Resources::plus);
        NodeView view = node.ledger.view();
        assertThat(view.freeWithGpus().plus(held)).as(this::describe).isEqualTo(node.info.total());
        assertThat(view.freeOfDevice()).as(this::describe).allMatch(share -> share >= 0);
      }
    }

    void assertLedgersHoldWhatGroupsOwn() {
      Map<BundleId, BundleSite> held = new HashMap<>();
      nodes
          .values()
          .forEach(
              node ->
                  node.ledger
                      .holdings()
                      .forEach(
                          h ->
                              assertThat(held.put(h.id(), site(node, h)))
                                  .as(this::describe)
                                  .isNull()));
      Map<BundleId, BundleSite> owned = new HashMap<>();
      scheduler
          .groups()
          .forEach(g -> g.sites().forEach((i, site) -> owned.put(g.spec().bundleId(i), site)));
      assertThat(held).as(this::describe).isEqualTo(owned);
      assertThat(scheduler.groups())
          .as(this::describe)
          .extracting(group -> group.spec().id())
          .containsExactlyInAnyOrderElementsOf(wanted.keySet());
    }

    private static BundleSite site(Node node, Holding holding) {
      return new BundleSite(node.info.nodeId(), holding.deviceIndexes());
    }

    void assertEveryFeasibleGroupIsCreated() {
      List<NodeView> free = nodes.values().stream().map(node -> node.ledger.view()).toList();
      assertThat(scheduler.nodes()).as(this::describe).containsExactlyInAnyOrderElementsOf(free);
      for (GroupSnapshot group : scheduler.groups()) {
        Map<Integer, String> placed = new HashMap<>();
        group.sites().forEach((index, site) -> placed.put(index, site.nodeId()));
        boolean created = group.state() == GroupState.CREATED;
        boolean possible = planner().find(group.spec(), free, placed).isPresent();
        assertThat(created).as(() -> describe() + "\n" + group).isEqualTo(possible);
      }
    }

    void assertStrategiesHold() {
      for (GroupSnapshot group : scheduler.groups()) {
        long distinct = group.sites().values().stream().map(BundleSite::nodeId).distinct().count();
        switch (group.spec().strategy()) {
          case STRICT_PACK -> assertThat(distinct).as(this::describe).isLessThanOrEqualTo(1);
          case STRICT_SPREAD ->
              assertThat(distinct).as(this::describe).isEqualTo(group.sites().size());
          case PACK, SPREAD -> assertThat(distinct).as(this::describe).isNotNegative();
        }
      }
    }
  }
}
