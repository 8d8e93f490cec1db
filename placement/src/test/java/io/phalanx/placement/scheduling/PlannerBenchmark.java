package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * How long a group of 64 bundles takes to plan on 1,000 nodes of 8 GPUs, some in use, some cut into
 * shares; prints percentiles for each kind of group. Run by hand: docs/placement.md has the
 * command.
 */
public final class PlannerBenchmark {
  private static final int NODES = 1_000;
  private static final int GPUS = 8;
  private static final int BUNDLES = 64;
  private static final int CLUSTERS = 25;
  private static final String[] TYPES = {"A100", "H100", "L4"};

  private final PlacementPlanner planner = new PlacementPlanner();
  private final SplittableRandom random = new SplittableRandom(5);
  private final List<List<NodeView>> clusters =
      IntStream.range(0, CLUSTERS).mapToObj(i -> cluster()).toList();

  private PlannerBenchmark() {}

  /** Measures {@code args[0]} plans of each kind (default 1,000), after as many to warm up. */
  public static void main(String[] args) {
    int plans = args.length == 0 ? 1_000 : Integer.parseInt(args[0]);
    new PlannerBenchmark().run(plans);
  }

  private record Kind(String name, PlacementGroupSpec spec) {}

  private void run(int plans) {
    System.out.printf(
        "%d bundles on %d nodes x %d GPUs, %d plans each, milliseconds%n",
        BUNDLES, NODES, GPUS, plans);
    System.out.printf(
        "%-44s %8s %8s %8s %8s %8s %9s%n",
        "group", "p50", "p90", "p99", "max", "placed", "optimal");
    kinds().forEach(kind -> measure(kind, plans, false));
    kinds().forEach(kind -> measure(kind, plans, true));
  }

  private void measure(Kind kind, int plans, boolean print) {
    long[] nanos = new long[plans];
    int placed = 0;
    int optimal = 0;
    for (int i = 0; i < plans; i++) {
      List<NodeView> nodes = clusters.get(i % CLUSTERS);
      long start = System.nanoTime();
      Optional<Planned> plan = planner.find(kind.spec(), nodes, Map.of());
      nanos[i] = System.nanoTime() - start;
      placed += plan.isPresent() ? 1 : 0;
      optimal += plan.isPresent() && plan.get().optimal() ? 1 : 0;
    }
    Arrays.sort(nanos);
    if (print) {
      System.out.printf(
          "%-44s %8.2f %8.2f %8.2f %8.2f %7d%% %8d%%%n",
          kind.name(),
          nanos[plans / 2] / 1e6,
          nanos[plans * 9 / 10] / 1e6,
          nanos[plans * 99 / 100] / 1e6,
          nanos[plans - 1] / 1e6,
          100 * placed / plans,
          100 * optimal / Math.max(placed, 1));
    }
  }

  private static List<Kind> kinds() {
    PlacementOptions together = PlacementOptions.DEFAULT.withKeepTogether(8);
    PlacementOptions rack = new PlacementOptions(8, Optional.of("rack"), Optional.empty(), true);
    IntFunction<Bundle> one = i -> Bundle.ofGpus(1);
    IntFunction<Bundle> replica = i -> bundle(Map.of("GPU", 1.0, "CPU", i == 0 ? 5.0 : 4.0));
    IntFunction<Bundle> mixed =
        i -> bundle(Map.of("GPU", i < 8 ? 4.0 : i < 24 ? 2.0 : 1.0, "CPU", i % 3 + 1.0));
    IntFunction<Bundle> selected =
        i -> new Bundle(Resources.ofGpus(1), Map.of(NodeInfo.ACCELERATOR_TYPE, "in(H100,A100)"));
    IntFunction<Bundle> shares = i -> Bundle.ofGpus(i % 2 == 0 ? 0.5 : 0.25);
    IntFunction<Bundle> eighth = i -> Bundle.ofGpus(0.125);
    IntFunction<Bundle> different =
        i -> bundle(Map.of("GPU", 1.0 + i % 4, "CPU", 1.0 + i, "memory", (65.0 - i) * (1L << 30)));
    List<Kind> kinds = new ArrayList<>();
    for (PlacementStrategy strategy : PlacementStrategy.values()) {
      PlacementOptions none = PlacementOptions.DEFAULT;
      kinds.add(kind("1 GPU each", strategy, none, one));
      kinds.add(kind("1 GPU each, TP 8 kept together", strategy, together, one));
      kinds.add(kind("replica CPU in bundle 0, TP 8", strategy, together, replica));
      kinds.add(kind("4, 2, 1 GPUs and CPUs", strategy, none, mixed));
      kinds.add(kind("1 GPU with a label selector", strategy, none, selected));
      kinds.add(kind("1 GPU each in one rack", strategy, rack, one));
      kinds.add(kind("shares of 0.5 and 0.25", strategy, none, shares));
      kinds.add(kind("shares of 0.125", strategy, none, eighth));
      kinds.add(kind("64 different bundles", strategy, none, different));
    }
    return kinds;
  }

  private static Bundle bundle(Map<String, Double> amounts) {
    return Bundle.of(Resources.of(amounts));
  }

  private static Kind kind(
      String name,
      PlacementStrategy strategy,
      PlacementOptions options,
      IntFunction<Bundle> bundle) {
    List<Bundle> bundles = IntStream.range(0, BUNDLES).mapToObj(bundle).toList();
    return new Kind(
        strategy + ", " + name, new PlacementGroupSpec("g", "", bundles, strategy, options));
  }

  private List<NodeView> cluster() {
    List<NodeView> nodes = new ArrayList<>();
    for (int i = 0; i < NODES; i++) {
      nodes.add(node(i));
    }
    Collections.shuffle(nodes, new java.util.Random(nodes.size()));
    return nodes;
  }

  private NodeView node(int number) {
    String type = TYPES[number % TYPES.length];
    NodeInfo info =
        new NodeInfo(
            "node-" + number,
            "10.0." + number / 250 + "." + number % 250 + ":7355",
            List.of("worker"),
            Map.of(
                NodeInfo.ACCELERATOR_TYPE, type, "rack", "r" + number / 25, "host", "h" + number),
            Resources.of(Map.of("GPU", (double) GPUS, "CPU", 128.0, "memory", 1024.0 * (1L << 30))),
            IntStream.range(0, GPUS)
                .mapToObj(index -> new DeviceSlot(index, Device.CPU, type, true))
                .toList());
    List<Long> shares = shares();
    long used = shares.stream().filter(share -> share < Resources.UNIT).count();
    double cpus = 128 - used * (1 + random.nextInt(8));
    double memory = (1024.0 - used * random.nextInt(1, 100)) * (1L << 30);
    return new NodeView(info, Resources.of(Map.of("CPU", cpus, "memory", memory)), shares, false);
  }

  /** A third of the nodes is full, a third free, the others in between; some devices are shared. */
  private List<Long> shares() {
    int third = random.nextInt(3);
    int used = third == 0 ? GPUS : third == 1 ? 0 : random.nextInt(1, GPUS);
    List<Long> shares = new ArrayList<>();
    for (int i = 0; i < GPUS; i++) {
      boolean isShared = i < used && random.nextInt(5) == 0;
      shares.add(isShared ? 2_500L * random.nextInt(1, 4) : i < used ? 0L : Resources.UNIT);
    }
    return shares;
  }
}
