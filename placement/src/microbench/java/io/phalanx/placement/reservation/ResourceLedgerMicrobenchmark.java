package io.phalanx.placement.reservation;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.BundlePhase;
import io.phalanx.placement.Epoch;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementOptions;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/** What a node's ledger does for one group: prepare a bundle of two GPUs, commit, release. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class ResourceLedgerMicrobenchmark {
  private static final int GPUS = 8;
  private static final Epoch EPOCH = new Epoch(1, "manager");
  private static final PlacementGroupSpec GROUP =
      new PlacementGroupSpec(
          "g", "", List.of(Bundle.ofGpus(2)), PlacementStrategy.PACK, PlacementOptions.DEFAULT);

  private final ResourceLedger ledger = new ResourceLedger(node());
  private long attempt;

  private static NodeInfo node() {
    List<DeviceSlot> devices =
        IntStream.range(0, GPUS).mapToObj(i -> new DeviceSlot(i, Device.CPU, "L4", true)).toList();
    return new NodeInfo(
        "node",
        "10.0.0.1:7355",
        List.of("worker"),
        Map.of(),
        Resources.of(Map.of("GPU", (double) GPUS, "CPU", 64.0)),
        devices);
  }

  /** Takes the bundle and gives it back. */
  @Benchmark
  public void reserveAndRelease(Blackhole hole) {
    attempt++;
    hole.consume(
        ledger.prepare(EPOCH, attempt, GROUP, Map.of(0, List.of(2, 3)), BundlePhase.PREPARED));
    hole.consume(ledger.commit(EPOCH, attempt, GROUP.id()));
    hole.consume(ledger.release(EPOCH, attempt, GROUP.id(), Set.of()));
    ledger.free(GROUP.bundleId(0));
  }
}
