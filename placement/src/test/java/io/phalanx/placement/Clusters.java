package io.phalanx.placement;

import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Nodes and groups for tests. */
public final class Clusters {

  private Clusters() {}

  /** A node {@code 127.0.0.1:number} with logical L4 GPUs, 16 CPUs and nothing reserved. */
  public static NodeInfo node(int number, int gpus) {
    return node(number, gpus, Map.of(NodeInfo.ACCELERATOR_TYPE, "L4"));
  }

  public static NodeInfo node(int number, int gpus, Map<String, String> labels) {
    return new NodeInfo(
        "node-" + number,
        "127.0.0.1:" + number,
        List.of("worker"),
        labels,
        Resources.of(Map.of("GPU", (double) gpus, "CPU", 16.0)),
        IntStream.range(0, gpus)
            .mapToObj(index -> new DeviceSlot(index, Device.CPU, "L4", true))
            .toList());
  }

  /** Nodes 1, 2, ... with this many GPUs each, all free. */
  public static List<NodeView> nodes(int... gpus) {
    return IntStream.range(0, gpus.length)
        .mapToObj(i -> NodeView.empty(node(i + 1, gpus[i])))
        .toList();
  }

  /** A node of {@code gpus} GPUs of which {@code freeGpus} are free, and so many of 16 CPUs. */
  public static NodeView partlyFree(int number, int gpus, int freeGpus, double freeCpus) {
    NodeInfo node = node(number, gpus);
    List<Long> free =
        IntStream.range(0, gpus)
            .mapToObj(index -> index < gpus - freeGpus ? 0L : Resources.UNIT)
            .toList();
    return new NodeView(node, Resources.of("CPU", freeCpus), free, false);
  }

  /** A group of bundles with this many GPUs each. */
  public static PlacementGroupSpec group(
      String id, PlacementStrategy strategy, double... gpusOfBundle) {
    List<Bundle> bundles = Arrays.stream(gpusOfBundle).mapToObj(Bundle::ofGpus).toList();
    return new PlacementGroupSpec(id, "", bundles, strategy);
  }

  /** Returns how many bundles each node has, most first. */
  public static List<Integer> counts(PlanResult.Planned planned) {
    return planned.nodeOfBundle().stream()
        .collect(Collectors.groupingBy(node -> node, Collectors.summingInt(node -> 1)))
        .values()
        .stream()
        .sorted((a, b) -> b - a)
        .toList();
  }
}
