package io.phalanx.placement.scheduling;

import static org.assertj.core.api.Assertions.assertThat;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.Clusters;
import io.phalanx.placement.Explanation;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Remedy;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every remedy that an explanation names really makes the group fit: it is carried out on a copy of
 * the cluster and the group is planned there.
 */
final class RemediesTest {
  private static final int GROUPS_PER_SEED = 120;
  private final PlacementPlanner planner = new PlacementPlanner(Duration.ofHours(1), () -> 0);

  static LongStream seeds() {
    return LongStream.range(0, 12);
  }

  /** A cluster, who holds what on it, and a group that does not fit. */
  private record Case(
      PlacementGroupSpec spec, List<NodeView> nodes, List<Occupant> occupants, String what) {

    Case with(List<NodeView> changed) {
      return new Case(spec, changed, occupants, what);
    }

    Case with(List<Bundle> bundles, PlacementStrategy strategy, PlacementOptions options) {
      return new Case(
          new PlacementGroupSpec(spec.id(), "", bundles, strategy, options),
          nodes,
          occupants,
          what);
    }
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void everyRemedy_carriedOut_makesTheGroupFit(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    Set<Class<?>> kinds = new HashSet<>();
    for (int i = 0; i < GROUPS_PER_SEED; i++) {
      Case group = randomCase(random, "seed " + seed + " group " + i);
      PlanResult result = planner.plan(group.spec(), group.nodes(), Map.of(), group.occupants());
      for (Remedy remedy : explanation(result).remedies()) {
        kinds.add(remedy.getClass());
        Case mended = carriedOut(group, remedy);
        assertThat(planner.find(mended.spec(), mended.nodes(), Map.of()))
            .as("%s: %s %s on %s", group.what(), remedy, group.spec(), group.nodes())
            .isPresent();
        assertNoLessWillDo(group, remedy);
      }
    }
    assertThat(kinds).as("seed " + seed).hasSizeGreaterThanOrEqualTo(5);
  }

  private void assertNoLessWillDo(Case group, Remedy remedy) {
    for (Remedy less : less(remedy)) {
      Case mended = carriedOut(group, less);
      assertThat(planner.find(mended.spec(), mended.nodes(), Map.of()))
          .as("%s: %s and not %s", group.what(), less, remedy)
          .isEmpty();
    }
  }

  private static List<Remedy> less(Remedy remedy) {
    List<Remedy> less = new ArrayList<>();
    if (remedy instanceof Remedy.AddNodes add && add.count() > 1) {
      less.add(new Remedy.AddNodes(add.count() - 1, add.like(), add.each(), add.labels()));
    } else if (remedy instanceof Remedy.FreeResources free) {
      free.ofNode()
          .forEach(
              (address, amounts) -> {
                for (String name : amounts.names()) {
                  Map<String, Resources> fewer = new HashMap<>(free.ofNode());
                  fewer.put(address, amounts.minus(Resources.of(name, 1)));
                  less.add(new Remedy.FreeResources(fewer));
                }
              });
    } else if (remedy instanceof Remedy.RemoveGroups remove) {
      for (String group : remove.groups()) {
        List<String> fewer = new ArrayList<>(remove.groups());
        fewer.remove(group);
        less.add(new Remedy.RemoveGroups(fewer));
      }
    }
    return less;
  }

  private static Explanation explanation(PlanResult result) {
    if (result instanceof PlanResult.Infeasible infeasible) {
      return infeasible.explanation();
    }
    return result instanceof PlanResult.NoResources none ? none.explanation() : Explanation.NONE;
  }

  private static Case carriedOut(Case group, Remedy remedy) {
    PlacementGroupSpec spec = group.spec();
    if (remedy instanceof Remedy.AddNodes add) {
      return group.with(added(group.nodes(), add));
    } else if (remedy instanceof Remedy.FreeResources free) {
      return group.with(group.nodes().stream().map(node -> freed(node, free)).toList());
    } else if (remedy instanceof Remedy.RemoveGroups remove) {
      return group.with(without(group, remove.groups()));
    } else if (remedy instanceof Remedy.StopDraining stop) {
      return group.with(
          group.nodes().stream()
              .map(n -> n.withDraining(n.draining() && !n.address().equals(stop.address())))
              .toList());
    } else if (remedy instanceof Remedy.UseStrategy use) {
      return group.with(spec.bundles(), use.strategy(), spec.options());
    } else if (remedy instanceof Remedy.DropLabel drop) {
      List<Bundle> bundles =
          spec.bundles().stream().map(b -> b.withoutCondition(drop.label())).toList();
      return group.with(bundles, spec.strategy(), spec.options());
    }
    return group.with(spec.bundles(), spec.strategy(), PlacementOptions.DEFAULT);
  }

  private static List<NodeView> added(List<NodeView> nodes, Remedy.AddNodes add) {
    List<NodeView> more = new ArrayList<>(nodes);
    for (int i = 0; i < add.count(); i++) {
      Map<String, String> labels = new HashMap<>(add.labels());
      labels.putIfAbsent("rack", "a");
      Map<String, String> likeLabels =
          nodes.stream()
              .filter(node -> node.address().equals(add.like()))
              .map(node -> node.node().labels())
              .findFirst()
              .orElse(labels);
      int gpus = (int) (add.each().get("GPU") / Resources.UNIT);
      more.add(NodeView.empty(node(100 + i, gpus, add.each(), likeLabels)));
    }
    return more;
  }

  private static NodeView freed(NodeView node, Remedy.FreeResources free) {
    Resources amounts = free.ofNode().getOrDefault(node.address(), Resources.NONE);
    NodeView changed = node.withFreed(amounts.withoutGpus(), List.of());
    for (long left = amounts.get("GPU"); left > 0; left -= Resources.UNIT) {
      int device = changed.freeOfDevice().indexOf(0L);
      changed = changed.withFreed(Resources.ofGpus(1), List.of(device));
    }
    return changed;
  }

  private static List<NodeView> without(Case group, List<String> removed) {
    List<NodeView> changed = new ArrayList<>(group.nodes());
    for (Occupant occupant : group.occupants()) {
      if (removed.contains(occupant.group())) {
        changed.replaceAll(
            node ->
                node.nodeId().equals(occupant.site().nodeId())
                    ? node.withFreed(occupant.resources(), occupant.site().deviceIndexes())
                    : node);
      }
    }
    return changed;
  }

  /** Some nodes in two racks, some of them draining, and groups planned on them one by one. */
  private Case randomCase(SplittableRandom random, String what) {
    List<NodeView> nodes = new ArrayList<>();
    for (int i = random.nextInt(1, 5); i > 0; i--) {
      Map<String, String> labels =
          Map.of("rack", random.nextInt(2) == 0 ? "a" : "b", "zone", "z" + random.nextInt(3));
      int gpus = random.nextInt(1, 5);
      Resources total = Resources.of(Map.of("GPU", (double) gpus, "CPU", 8.0));
      nodes.add(NodeView.empty(node(i, gpus, total, labels)).withDraining(random.nextInt(6) == 0));
    }
    List<Occupant> occupants = new ArrayList<>();
    for (int i = random.nextInt(6); i > 0; i--) {
      occupy(nodes, occupants, "other-" + i, randomGroup(random));
    }
    return new Case(randomGroup(random), nodes, occupants, what);
  }

  private void occupy(
      List<NodeView> nodes, List<Occupant> occupants, String name, PlacementGroupSpec spec) {
    Optional<Planned> planned = planner.find(spec, List.copyOf(nodes), Map.of());
    planned
        .map(Planned::sites)
        .orElse(Map.of())
        .forEach(
            (index, site) -> {
              Resources taken = spec.bundles().get(index).resources();
              occupants.add(new Occupant(name, site, taken));
              nodes.replaceAll(
                  node ->
                      node.nodeId().equals(site.nodeId())
                          ? node.withTaken(taken, site.deviceIndexes())
                          : node);
            });
  }

  private static PlacementGroupSpec randomGroup(SplittableRandom random) {
    Map<String, Double> amounts =
        Map.of("GPU", (double) random.nextInt(1, 3), "CPU", (double) random.nextInt(3));
    Map<String, String> selector =
        random.nextInt(3) == 0 ? Map.of("zone", "in(z0,z" + random.nextInt(4) + ")") : Map.of();
    Bundle bundle = new Bundle(Resources.of(amounts), selector);
    PlacementStrategy[] strategies = PlacementStrategy.values();
    Optional<String> rack = random.nextInt(4) == 0 ? Optional.of("rack") : Optional.empty();
    return new PlacementGroupSpec(
        "g",
        "",
        IntStream.range(0, random.nextInt(1, 6)).mapToObj(i -> bundle).toList(),
        strategies[random.nextInt(strategies.length)],
        new PlacementOptions(1, rack, Optional.empty(), true));
  }

  private static NodeInfo node(int number, int gpus, Resources total, Map<String, String> labels) {
    List<DeviceSlot> devices =
        IntStream.range(0, gpus)
            .mapToObj(index -> new DeviceSlot(index, Device.CPU, "L4", true))
            .toList();
    String name = "node-" + number;
    return new NodeInfo(name, "127.0.0.1:" + number, List.of(), labels, total, devices);
  }

  @Test
  void otherGroupsInTheWay_theSmallestThatHelpsIsNamed() {
    List<NodeView> nodes =
        List.of(
            Clusters.nodes(4).get(0).withTaken(Resources.ofGpus(3), List.of(0, 1, 2)),
            Clusters.nodes(1, 4).get(1).withTaken(Resources.ofGpus(2), List.of(0, 1)));
    List<Occupant> occupants =
        List.of(
            new Occupant("large", new BundleSite("node-1", List.of(0, 1, 2)), Resources.ofGpus(3)),
            new Occupant("small", new BundleSite("node-2", List.of(0, 1)), Resources.ofGpus(2)));

    PlanResult result =
        planner.plan(
            Clusters.group("g", PlacementStrategy.STRICT_PACK, 2, 2), nodes, Map.of(), occupants);

    assertThat(explanation(result).remedyLines())
        .containsExactly(
            "would fit with GPU 2 more free on 127.0.0.1:2",
            "or without group [small]",
            "or with 1 more node like 127.0.0.1:1 (CPU 16, GPU 4)");
  }

  @Test
  void drainingNodeHasTheRoom_saysSo() {
    List<NodeView> nodes = List.of(Clusters.nodes(2).get(0).withDraining(true));

    PlanResult result = planner.plan(Clusters.group("g", PlacementStrategy.PACK, 1), nodes);

    assertThat(explanation(result).remedyLines())
        .contains("would fit if 127.0.0.1:1 stopped draining");
  }
}
