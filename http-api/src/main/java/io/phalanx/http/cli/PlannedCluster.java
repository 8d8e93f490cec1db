package io.phalanx.http.cli;

import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.Resources;
import io.phalanx.placement.scheduling.ImaginedCluster;
import io.phalanx.runtime.LocalClusterSettings;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.NodeSettings;
import io.phalanx.runtime.RuntimeSettings;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceProbe;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The local cluster that a configuration describes, on paper: groups are placed one by one. */
final class PlannedCluster {
  private final ImaginedCluster cluster;

  private PlannedCluster(List<NodeView> nodes) {
    this.cluster = new ImaginedCluster(nodes);
  }

  /** Returns the cluster with nothing placed on it. */
  static PlannedCluster of(RuntimeSettings settings) {
    int count = settings.localCluster().nodes();
    return new PlannedCluster(
        IntStream.rangeClosed(1, count)
            .mapToObj(number -> NodeView.empty(node(settings, number)))
            .toList());
  }

  private static NodeInfo node(RuntimeSettings settings, int number) {
    LocalClusterSettings cluster = settings.localCluster();
    NodeSettings node = settings.node();
    long memoryBytes =
        node.memoryBytes().orElse(DeviceProbe.machineMemoryBytes() / cluster.nodes());
    String type = cluster.acceleratorType();
    Map<String, String> labels = new HashMap<>(node.labels());
    if (cluster.gpusPerNode() > 0) {
      labels.put(NodeInfo.ACCELERATOR_TYPE, type);
    }
    String name = "node-" + number;
    return new NodeInfo(
        name,
        name,
        List.of(NodeRole.WORKER.configName()),
        labels,
        Resources.of(
            Map.of(
                Resources.GPU, (double) cluster.gpusPerNode(),
                Resources.CPU, (double) cluster.cpusPerNode(),
                Resources.MEMORY, (double) memoryBytes)),
        IntStream.range(0, cluster.gpusPerNode())
            .mapToObj(index -> new DeviceSlot(index, Device.CPU, type, true))
            .toList());
  }

  /** Returns the nodes. */
  List<NodeInfo> nodes() {
    return cluster.nodes().stream().map(NodeView::node).toList();
  }

  /** Plans a group and, if it fits, takes what it needs. */
  PlanResult place(PlacementGroupSpec group) {
    return cluster.place(group);
  }
}
