package io.phalanx.placement;

import io.phalanx.placement.scheduling.AddressOrder;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Nodes, groups and plans as plain text for people. */
public final class PlacementTables {
  private PlacementTables() {}

  /** Returns one line per node under a heading, by address. */
  public static List<String> nodes(List<NodeView> nodes) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NODE", "ROLES", "GPUS", "CPUS", "MEMORY", "DEVICES"));
    nodes.stream()
        .sorted(Comparator.comparing(NodeView::address, AddressOrder.INSTANCE))
        .map(PlacementTables::nodeRow)
        .forEach(rows::add);
    return TextTable.aligned(rows);
  }

  private static List<String> nodeRow(NodeView view) {
    String address = view.address() + (view.draining() ? " (draining)" : "");
    return List.of(
        address,
        String.join(",", view.node().roles()),
        used(view, Resources.GPU),
        used(view, Resources.CPU),
        used(view, Resources.MEMORY),
        devices(view.node().devices()));
  }

  /** Returns used and total, such as {@code 1/2}. */
  private static String used(NodeView view, String name) {
    long total = view.node().total().get(name);
    long used = total - view.freeWithGpus().get(name);
    return total == 0 ? "-" : Resources.text(name, used) + "/" + Resources.text(name, total);
  }

  /** Joins equal neighbours: {@code 2 x cpu (logical L4)}. */
  private static String devices(List<DeviceSlot> devices) {
    if (devices.isEmpty()) {
      return "cpu";
    }
    Map<String, Long> counts =
        devices.stream()
            .map(DeviceSlot::describe)
            .collect(
                Collectors.groupingBy(text -> text, LinkedHashMap::new, Collectors.counting()));
    return counts.entrySet().stream()
        .map(entry -> entry.getValue() == 1 ? entry.getKey() : times(entry))
        .collect(Collectors.joining(", "));
  }

  private static String times(Map.Entry<String, Long> entry) {
    return entry.getValue() + " x " + entry.getKey();
  }

  /**
   * Returns each group with a line per bundle that has a place, and why it waits where it does.
   *
   * @param nodes name the devices of the placements
   */
  public static List<String> groups(List<GroupView> groups, List<NodeView> nodes) {
    List<String> lines = new ArrayList<>();
    for (GroupView group : groups) {
      lines.add(
          "%s  %s  %s, %d of %d bundles placed"
              .formatted(
                  group.spec().displayName(),
                  group.state(),
                  group.spec().strategy(),
                  group.placements().size(),
                  group.spec().bundles().size()));
      lines.addAll(indented(placements(group.spec(), group.placements(), nodes)));
      if (!group.explanation().equals(Explanation.NONE)) {
        lines.addAll(indented(group.explanation().lines()));
      }
    }
    return lines;
  }

  /** Returns one line per bundle: what it asks for, its node and devices. */
  public static List<String> placements(
      PlacementGroupSpec spec, List<BundlePlacement> placements, List<NodeView> nodes) {
    Map<String, NodeInfo> byId = byId(nodes);
    List<List<String>> rows = new ArrayList<>();
    for (BundlePlacement placement : placements) {
      NodeInfo node = byId.get(placement.nodeId());
      String devices =
          node == null
              ? deviceNumbers(placement.deviceIndexes())
              : devicesText(node, placement.deviceIndexes());
      rows.add(row(spec, placement.bundleIndex(), placement.address(), devices));
    }
    return TextTable.aligned(rows);
  }

  /** Returns one line per bundle of a plan that was not carried out, or why there is none. */
  public static List<String> plan(
      PlacementGroupSpec spec, PlanResult result, List<NodeView> nodes) {
    if (result instanceof PlanResult.NoResources noResources) {
      return noResources.explanation().lines();
    }
    if (result instanceof PlanResult.Infeasible infeasible) {
      return infeasible.explanation().lines();
    }
    return planned(spec, (PlanResult.Planned) result, byId(nodes));
  }

  private static List<String> planned(
      PlacementGroupSpec spec, PlanResult.Planned plan, Map<String, NodeInfo> nodes) {
    List<List<String>> rows = new ArrayList<>();
    for (int bundle : plan.sites().keySet().stream().sorted().toList()) {
      BundleSite site = plan.site(bundle);
      NodeInfo node = nodes.get(site.nodeId());
      rows.add(
          node == null
              ? row(spec, bundle, site.nodeId(), deviceNumbers(site.deviceIndexes()))
              : row(spec, bundle, node.address(), devicesText(node, site.deviceIndexes())));
    }
    List<String> lines = TextTable.aligned(rows);
    if (!plan.optimal()) {
      lines.add("fewer nodes may do: the search for the fewest ran out of time");
    }
    return lines;
  }

  private static List<String> row(
      PlacementGroupSpec spec, int bundle, String address, String devices) {
    String asked = "{" + spec.bundles().get(bundle).resources() + "}";
    return List.of("bundle " + bundle, asked, "-> " + address, devices);
  }

  private static Map<String, NodeInfo> byId(List<NodeView> nodes) {
    Map<String, NodeInfo> byId = new HashMap<>();
    nodes.forEach(view -> byId.put(view.nodeId(), view.node()));
    return byId;
  }

  private static String deviceNumbers(List<Integer> indexes) {
    return indexes.stream().map(index -> "gpu " + index).collect(Collectors.joining(", "));
  }

  private static String devicesText(NodeInfo node, List<Integer> indexes) {
    if (indexes.isEmpty()) {
      return "cpu";
    }
    return indexes.stream()
        .map(index -> "gpu " + index + ": " + node.devices().get(index).describe())
        .collect(Collectors.joining(", "));
  }

  private static List<String> indented(List<String> lines) {
    return lines.stream().map(line -> TextTable.GAP + line).toList();
  }
}
