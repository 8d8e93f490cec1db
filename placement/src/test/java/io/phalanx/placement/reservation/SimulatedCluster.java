package io.phalanx.placement.reservation;

import io.phalanx.placement.Clusters;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.PlacementGroupSpec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;

/**
 * A cluster in one thread, with a virtual clock, to which anything may happen: groups come and go,
 * nodes drain, are cut off, are lost and return as new ones, messages are dropped, delayed and
 * repeated, and managers are replaced, of which the old ones go on for a while. Equal seeds give
 * equal histories.
 */
final class SimulatedCluster {
  private static final int MOST_GROUPS = 10;
  private static final int MOST_NODES = 6;
  private static final int TRACE_LINES = 600;

  final Map<String, SimulatedNode> nodes = new LinkedHashMap<>();
  final Map<String, PlacementGroupSpec> wanted = new LinkedHashMap<>();
  SimulatedManager manager;
  private final SplittableRandom random;
  private final String name;
  private final Set<String> removing = new LinkedHashSet<>();
  private Set<String> removed = Set.of();
  private final List<SimulatedManager> oldManagers = new ArrayList<>();
  private final List<Late> late = new ArrayList<>();
  private final Deque<Object> trace = new ArrayDeque<>();
  private boolean lossy = true;
  private int tick;
  private int lives;
  private int nextGroup;

  private record Late(SimulatedNode node, Runnable message) {}

  SimulatedCluster(long seed) {
    this.random = new SplittableRandom(seed);
    this.name = "seed " + seed;
    this.manager = new SimulatedManager(new Epoch(1, "m"), this::note);
    for (int i = 0; i < 3; i++) {
      addNode();
    }
  }

  /** Returns the seed and what happened lately. */
  String describe() {
    return name
        + " at tick "
        + tick
        + trace.stream().map(event -> "\n" + event).collect(Collectors.joining());
  }

  private void note(Object event) {
    trace.addLast(event);
    if (trace.size() > TRACE_LINES) {
      trace.removeFirst();
    }
  }

  void step() {
    int dice = random.nextInt(100);
    if (dice < 62) {
      deliver();
    } else if (dice < 77) {
      advance();
    } else if (dice < 78) {
      deliverLate();
    } else if (dice < 86) {
      createOrRepeat();
    } else if (dice < 91) {
      removeGroup();
    } else if (dice < 93) {
      addNode();
    } else if (dice < 94) {
      loseNode();
    } else if (dice < 96) {
      anyNode().ifPresent(this::drainOrNot);
    } else if (dice < 98) {
      anyNode().ifPresent(node -> setReachable(node, !node.reachable));
    } else if (random.nextInt(16) == 0) {
      replaceManager();
    }
    carryOut();
  }

  private Optional<SimulatedNode> anyNode() {
    List<SimulatedNode> all = List.copyOf(nodes.values());
    return all.isEmpty() ? Optional.empty() : Optional.of(all.get(random.nextInt(all.size())));
  }

  /** A node may return to the address of a lost one; it is another node then. */
  private void addNode() {
    if (nodes.size() < MOST_NODES) {
      int place = random.nextInt(20);
      NodeInfo plain = Clusters.node(place, 1 + random.nextInt(4));
      String rack = place % 2 == 0 ? "a" : "b";
      NodeInfo info =
          new NodeInfo(
              "node-" + place + "-life-" + lives++,
              plain.address(),
              plain.roles(),
              Map.of("rack", rack, "zone", "z" + place % 3),
              plain.total(),
              plain.devices());
      note("add " + info.nodeId());
      SimulatedNode node = new SimulatedNode(info);
      nodes.put(node.id(), node);
      manager.ask(node);
    }
  }

  private void loseNode() {
    if (nodes.size() > 1) {
      anyNode()
          .ifPresent(
              node -> {
                note("lose " + node.id());
                nodes.remove(node.id());
                manager.lose(node);
                oldManagers.forEach(old -> old.lose(node));
              });
    }
  }

  private void drainOrNot(SimulatedNode node) {
    boolean draining = random.nextInt(3) == 0;
    note((draining ? "drain " : "do not drain ") + node.id());
    node.wantedDraining = draining;
    manager.drain(node, draining);
  }

  private void setReachable(SimulatedNode node, boolean reachable) {
    note((reachable ? "reach " : "cut off ") + node.id());
    node.reachable = reachable;
    manager.scheduler.nodeReachable(node.id(), reachable);
  }

  private void replaceManager() {
    Epoch epoch = new Epoch(manager.epoch.number() + 1, "m");
    note("manager " + epoch);
    oldManagers.add(manager);
    manager = new SimulatedManager(epoch, this::note);
    nodes.values().forEach(manager::ask);
    manager.recover(wanted.values(), removed, Set.copyOf(removing));
  }

  private void createOrRepeat() {
    if (wanted.size() >= MOST_GROUPS) {
      manager.scheduler.create(anyWanted());
      return;
    }
    PlacementGroupSpec spec = RandomGroups.next("g" + nextGroup++, random);
    note(spec);
    wanted.put(spec.id(), spec);
    manager.scheduler.create(spec);
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
      manager.scheduler.remove(id);
    }
  }

  private void advance() {
    tick++;
    nodes.values().forEach(node -> node.expire(tick));
    manager.tick(nodes.values(), tick);
    oldManagers.forEach(old -> old.tick(nodes.values(), tick));
    oldManagers.removeIf(old -> random.nextInt(60) == 0);
  }

  /** Lets one message arrive, if there is any, or get lost, or arrive twice, now or later. */
  private boolean deliver() {
    List<Deque<Runnable>> links = new ArrayList<>();
    for (SimulatedNode node : nodes.values()) {
      if (node.reachable) {
        links.add(node.toNode);
        links.add(node.fromNode);
      }
    }
    links.removeIf(Deque::isEmpty);
    if (!links.isEmpty()) {
      deliverOneOf(links.get(random.nextInt(links.size())));
      return true;
    }
    return false;
  }

  private void deliverOneOf(Deque<Runnable> link) {
    Runnable message = link.removeFirst();
    int dice = lossy ? random.nextInt(20) : 1;
    if (dice == 0) {
      note("dropped");
      return;
    }
    message.run();
    if (dice == 19) {
      message.run();
    } else if (dice > 16) {
      nodes.values().stream()
          .filter(node -> node.toNode == link)
          .forEach(node -> late.add(new Late(node, message)));
    }
  }

  /** What was sent to a node twice arrives again, long after. */
  private void deliverLate() {
    if (!late.isEmpty()) {
      Late one = late.remove(random.nextInt(late.size()));
      if (nodes.containsKey(one.node().id())) {
        note("once more on " + one.node().id());
        one.message().run();
      }
    }
  }

  private void carryOut() {
    List<SimulatedManager> all = new ArrayList<>(oldManagers);
    all.add(manager);
    for (SimulatedManager one : all) {
      for (Effect effect : one.drainEffects()) {
        SimulatedNode node = effect instanceof Effect.ToNode to ? nodes.get(to.nodeId()) : null;
        if (node != null) {
          one.send(node, effect, tick);
        } else if (one == manager && effect instanceof Effect.Removed done) {
          removing.remove(done.groupId()); // an earlier manager cannot write it down any more
        }
      }
    }
    removed = manager.isActive() ? manager.removed() : removed;
  }

  /** From now on nothing new happens, and what was asked for and not answered is asked again. */
  void becomeQuiet() {
    note("quiet");
    lossy = false;
    oldManagers.clear();
    late.clear();
    for (SimulatedNode node : nodes.values()) {
      setReachable(node, true);
      manager.drain(node, node.wantedDraining);
    }
    carryOut();
  }

  /** One tick in which all messages arrive that are under way. */
  void quietTick() {
    advance();
    carryOut();
    while (deliver()) {
      carryOut();
    }
  }
}
