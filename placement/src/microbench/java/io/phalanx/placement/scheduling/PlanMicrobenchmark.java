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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The plan of a group of {@code bundles} GPUs on a cluster of 8-GPU nodes that are partly full. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@SuppressWarnings("NullAway.Init") // JMH calls the set-up
public class PlanMicrobenchmark {
  private static final int GPUS = 8;

  /** How the bundles are to lie. */
  @Param({"PACK", "SPREAD", "STRICT_SPREAD"})
  public PlacementStrategy strategy;

  /** Nodes of the cluster. */
  @Param({"8", "1000"})
  public int nodes;

  /** Bundles of the group, a GPU each. */
  @Param({"8"})
  public int bundles;

  private final PlacementPlanner planner = new PlacementPlanner();
  private List<NodeView> cluster;
  private PlacementGroupSpec group;

  /** Makes the cluster, the same in each run. */
  @Setup
  public void makeCluster() {
    SplittableRandom random = new SplittableRandom(7);
    cluster = IntStream.range(0, nodes).mapToObj(i -> node(i, random.nextInt(GPUS))).toList();
    List<Bundle> wanted = Collections.nCopies(bundles, Bundle.ofGpus(1));
    group = new PlacementGroupSpec("g", "", wanted, strategy, PlacementOptions.DEFAULT);
  }

  private static NodeView node(int number, int used) {
    Resources total = Resources.of(Map.of("GPU", (double) GPUS, "CPU", 64.0));
    List<DeviceSlot> devices =
        IntStream.range(0, GPUS).mapToObj(i -> new DeviceSlot(i, Device.CPU, "L4", true)).toList();
    NodeInfo info =
        new NodeInfo(
            "node-" + number,
            "10.0." + number / 250 + "." + number % 250 + ":7355",
            List.of("worker"),
            Map.of(NodeInfo.ACCELERATOR_TYPE, "L4"),
            total,
            devices);
    List<Long> shares =
        IntStream.range(0, GPUS).mapToObj(i -> i < used ? 0L : Resources.UNIT).toList();
    return new NodeView(info, Resources.of(Map.of("CPU", 64.0)), shares, false);
  }

  /** Returns the plan. */
  @Benchmark
  public Optional<Planned> plan() {
    return planner.find(group, cluster, Map.of());
  }
}
