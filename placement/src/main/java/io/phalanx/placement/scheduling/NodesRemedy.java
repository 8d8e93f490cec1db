package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.placement.Remedy;
import io.phalanx.placement.Resources;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * How many more nodes it takes: of the kinds that there are, else of one that is cut to measure.
 *
 * @param trials tries the cluster with them
 * @param problem what was tried without them
 */
record NodesRemedy(Trials trials, GroupProblem problem) {
  private static final int MOST_KINDS = 4;
  private static final int MOST_NODES = 16;

  Optional<Remedy> find(List<Item> homeless) {
    Optional<Remedy> best = Optional.empty();
    int most = Math.min(MOST_NODES, trials.spec().bundles().size());
    for (NodeInfo kind : kinds()) {
      int count = fewest(kind, most);
      if (count <= most) {
        best = Optional.of(new Remedy.AddNodes(count, kind.address(), shown(kind), Map.of()));
        most = count - 1;
      }
    }
    return best.or(() -> homeless.isEmpty() ? Optional.empty() : cutToMeasure(homeless));
  }

  private List<NodeInfo> kinds() {
    Map<List<Object>, NodeInfo> kinds = new LinkedHashMap<>();
    for (NodeView view : PlacementPlanner.usable(trials.nodes())) {
      kinds.putIfAbsent(List.of(view.node().total(), view.node().labels()), view.node());
    }
    return kinds.values().stream().limit(MOST_KINDS).toList();
  }

  /** More of what fits fits too, so halving finds the fewest; more than {@code most}: none do. */
  private int fewest(NodeInfo kind, int most) {
    if (most < 1 || !fitsWith(kind, most)) {
      return most + 1;
    }
    int tooFew = 0;
    int enough = most;
    while (enough - tooFew > 1) {
      int middle = (tooFew + enough) / 2;
      if (fitsWith(kind, middle)) {
        enough = middle;
      } else {
        tooFew = middle;
      }
    }
    return enough;
  }

  private boolean fitsWith(NodeInfo kind, int count) {
    List<NodeView> more = new ArrayList<>(trials.nodes());
    for (int i = 0; i < count; i++) {
      String id = "imagined-" + i;
      more.add(
          NodeView.empty(
              new NodeInfo(id, id, kind.roles(), kind.labels(), kind.total(), kind.devices())));
    }
    return trials.fitsOn(more);
  }

  /** STRICT_SPREAD needs a node for each that is homeless, the others one for all together. */
  private Optional<Remedy> cutToMeasure(List<Item> homeless) {
    boolean each = trials.spec().strategy() == PlacementStrategy.STRICT_SPREAD;
    Resources shape =
        homeless.stream()
            .map(item -> Explainer.sum(List.of(item)))
            .reduce(Resources.NONE, each ? Resources::max : Resources::plus);
    Map<String, String> labels = new HashMap<>();
    homeless.forEach(item -> item.bundles().forEach(b -> labels.putAll(b.acceptedLabels())));
    int count = each ? homeless.size() : 1;
    return fitsWith(node(shape, labels), count)
        ? Optional.of(new Remedy.AddNodes(count, "", shape, labels))
        : Optional.empty();
  }

  private NodeInfo node(Resources shape, Map<String, String> labels) {
    Map<String, String> all = new HashMap<>(labels);
    trials.spec().options().topologyLabel().ifPresent(label -> all.put(label, domain(label)));
    int gpus = (int) ((shape.get(Resources.GPU) + Resources.UNIT - 1) / Resources.UNIT);
    Resources whole = shape.withoutGpus().plus(Resources.ofGpus(gpus));
    List<DeviceSlot> devices =
        IntStream.range(0, gpus)
            .mapToObj(index -> new DeviceSlot(index, Device.CPU, "imagined", true))
            .toList();
    return new NodeInfo("imagined", "imagined", List.of(), all, whole, devices);
  }

  private String domain(String label) {
    return problem.rooms().stream()
        .map(room -> room.view.node().labels().get(label))
        .findFirst()
        .orElse("imagined");
  }

  /** Leaves out what stands for a label, such as {@code accelerator_type:L4}. */
  private static Resources shown(NodeInfo kind) {
    Map<String, Long> shown = new TreeMap<>(kind.total().tenThousandths());
    shown.keySet().removeIf(name -> name.startsWith(NodeInfo.ACCELERATOR_RESOURCE_PREFIX));
    return new Resources(shown);
  }
}
