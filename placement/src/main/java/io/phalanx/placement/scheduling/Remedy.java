package io.phalanx.placement.scheduling;

import io.phalanx.placement.Bundle;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The smallest change that would make a group fit, tried with the planner on imagined nodes.
 *
 * @param planner plans the attempts
 * @param spec the group
 * @param nodes the nodes as they are
 * @param placed bundle index to node id, of the bundles that stay
 */
record Remedy(
    PlacementPlanner planner,
    PlacementGroupSpec spec,
    List<NodeView> nodes,
    Map<Integer, String> placed) {

  private static final int MOST_KINDS_TRIED = 4;
  private static final int MOST_NODES_TRIED = 16;

  /** Returns the change in words, given the items that find no room. */
  String inWords(List<Item> homeless) {
    if (homeless.isEmpty()) {
      return "";
    }
    int mostNodes = Math.min(MOST_NODES_TRIED, spec.bundles().size());
    for (int count = 1; count <= mostNodes; count++) {
      for (NodeInfo kind : kinds()) {
        if (fitsWith(kind, count)) {
          return "would fit with %d more %s like %s (%s)"
              .formatted(
                  count, count == 1 ? "node" : "nodes", kind.address(), offered(kind.total()));
        }
      }
    }
    return "needs a node with " + largestNeed(homeless);
  }

  private List<NodeInfo> kinds() {
    Map<List<Object>, NodeInfo> kinds = new LinkedHashMap<>();
    for (NodeView view : PlacementPlanner.usable(nodes)) {
      kinds.putIfAbsent(List.of(view.node().total(), view.node().labels()), view.node());
    }
    return kinds.values().stream().limit(MOST_KINDS_TRIED).toList();
  }

  private boolean fitsWith(NodeInfo kind, int count) {
    List<NodeView> more = new ArrayList<>(nodes);
    for (int i = 0; i < count; i++) {
      String id = "imagined-" + i;
      NodeInfo imagined =
          new NodeInfo(id, id, kind.roles(), kind.labels(), kind.total(), kind.devices());
      more.add(NodeView.empty(imagined));
    }
    return planner.find(spec, more, placed).isPresent();
  }

  private String largestNeed(List<Item> homeless) {
    Item largest =
        homeless.stream()
            .max(Comparator.comparingLong(item -> item.amount(Resources.GPU)))
            .orElseThrow();
    String labels =
        largest.bundles().stream()
            .map(Bundle::labelSelector)
            .flatMap(selector -> new TreeMap<>(selector).entrySet().stream())
            .map(entry -> entry.getKey() + " " + entry.getValue())
            .distinct()
            .collect(Collectors.joining(" and "));
    String needs = Explainer.sum(List.of(largest)).toString();
    return labels.isEmpty() ? needs : needs + " and the label " + labels;
  }

  /** Leaves out what stands for a label, such as {@code accelerator_type:L4}. */
  private static String offered(Resources total) {
    Map<String, Long> shown = new TreeMap<>(total.tenThousandths());
    shown.keySet().removeIf(name -> name.contains(":"));
    return new Resources(shown).toString();
  }
}
