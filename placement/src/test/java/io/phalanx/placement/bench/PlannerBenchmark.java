package io.phalanx.placement.bench;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import io.phalanx.placement.scheduling.PlacementPlanner;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * How long a group of 64 bundles takes to plan on many nodes of 8 GPUs, a third of them full, a
 * third free, and some devices cut into shares; prints percentiles for each kind of group.
 * docs/placement.md has the command.
 */
public final class PlannerBenchmark {
  private static final int GPUS = 8;
  private static final int BUNDLES = 64;
  private static final int CLUSTERS = 25;
  private static final int FEWEST_PLANS = 100;
  private static final String[] TYPES = {"A100", "H100", "L4"};

  private final PlacementPlanner planner = new PlacementPlanner();
  private final SplittableRandom random = new SplittableRandom(5);
  private final int nodeCount;
  private final List<List<NodeView>> clusters;

  private PlannerBenchmark(int nodeCount) {
    this.nodeCount = nodeCount;
    this.clusters = IntStream.range(0, CLUSTERS).mapToObj(i -> cluster()).toList();
  }

  /**
   * Measures.
   *
   * @param args how many nodes (1000), and seconds in all (60), half of them to warm up
   */
  public static void main(String[] args) {
    int nodes = args.length > 0 ? Integer.parseInt(args[0]) : 1_000;
    int seconds = args.length > 1 ? Integer.parseInt(args[1]) : 60;
    new PlannerBenchmark(nodes).run(seconds);
  }

  private record Kind(String name, PlacementGroupSpec spec) {}

  private void run(int seconds) {
    System.out.printf("%d bundles on %d nodes x %d GPUs, milliseconds%n", BUNDLES, nodeCount, GPUS);
    System.out.printf(
        "%-46s %7s %8s %8s %8s %8s %8s %8s%n",
        "group", "plans", "p50", "p90", "p99", "max", "placed", "optimal");
    long nanosEach = seconds * 1_000_000_000L / (2L * kinds().size());
    kinds().forEach(kind -> measure(kind, nanosEach));
    kinds().forEach(kind -> print(kind, measure(kind, nanosEach)));
  }

  /** Durations of plans in nanoseconds, ascending. */
  private record Measured(List<Long> nanos, long placed, long optimal) {}

  private Measured measure(Kind kind, long nanosInAll) {
    List<Long> nanos = new ArrayList<>();
    long placed = 0;
    long optimal = 0;
    for (long left = nanosInAll; left > 0 || nanos.size() < FEWEST_PLANS; ) {
      List<NodeView> nodes = clusters.get(nanos.size() % CLUSTERS);
      long start = System.nanoTime();
      Optional<Planned> plan = planner.find(kind.spec(), nodes, Map.of());
      long took = System.nanoTime() - start;
      nanos.add(took);
      left -= took;
      placed += plan.isPresent() ? 1 : 0;
      optimal += plan.isPresent() && plan.get().optimal() ? 1 : 0;
    }
    Collections.sort(nanos);
    return new Measured(nanos, placed, optimal);
  }

  private static void print(Kind kind, Measured measured) {
    int plans = measured.nanos().size();
    System.out.printf(
        "%-46s %7d %8.2f %8.2f %8.2f %8.2f %7d%% %7d%%%n",
        kind.name(),
        plans,
        measured.nanos().get(plans / 2) / 1e6,
        measured.nanos().get(plans * 9 / 10) / 1e6,
        measured.nanos().get(plans * 99 / 100) / 1e6,
        measured.nanos().get(plans - 1) / 1e6,
        100 * measured.placed() / plans,
        100 * measured.optimal() / Math.max(measured.placed(), 1));
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
    IntFunction<Bundle> cpus = i -> bundle(Map.of("CPU", 1.0));
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
      kinds.add(kind("1 CPU each", strategy, none, cpus));
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
    for (int i = 0; i < nodeCount; i++) {
      nodes.add(node(i));
    }
    Collections.shuffle(nodes, new Random(nodes.size()));
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
