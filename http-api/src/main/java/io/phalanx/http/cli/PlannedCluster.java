package io.phalanx.http.cli;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.BundleSite;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlanResult;
import io.phalanx.placement.PlanResult.Planned;
import io.phalanx.placement.Resources;
import io.phalanx.placement.scheduling.PlacementPlanner;
import io.phalanx.runtime.LocalClusterSettings;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.NodeSettings;
import io.phalanx.runtime.RuntimeSettings;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceProbe;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** The local cluster that a configuration describes, on paper: groups are placed one by one. */
final class PlannedCluster {
  private final PlacementPlanner planner = new PlacementPlanner();
  private final List<NodeView> nodes;

  private PlannedCluster(List<NodeView> nodes) {
    this.nodes = new ArrayList<>(nodes);
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
    return nodes.stream().map(NodeView::node).toList();
  }

  /** Plans a group and, if it fits, takes what it needs. */
  PlanResult place(PlacementGroupSpec group) {
    PlanResult result = planner.plan(group, List.copyOf(nodes));
    if (result instanceof Planned planned) {
      planned.sites().forEach((index, site) -> take(group.bundles().get(index), site));
    }
    return result;
  }

  private void take(Bundle bundle, BundleSite site) {
    nodes.replaceAll(view -> view.nodeId().equals(site.nodeId()) ? less(view, bundle, site) : view);
  }

  private static NodeView less(NodeView view, Bundle bundle, BundleSite site) {
    long gpus = bundle.resources().get(Resources.GPU);
    Resources shared = bundle.resources().minus(new Resources(Map.of(Resources.GPU, gpus)));
    List<Long> shares = new ArrayList<>(view.freeOfDevice());
    for (int device : site.deviceIndexes()) {
      shares.set(device, shares.get(device) - Math.min(gpus, Resources.UNIT));
    }
    return new NodeView(view.node(), view.free().minus(shared), shares, view.draining());
  }
}
