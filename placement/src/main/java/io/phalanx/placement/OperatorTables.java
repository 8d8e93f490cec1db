package io.phalanx.placement;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What operators of a running cluster ask for, as plain text: its groups and devices. */
public final class OperatorTables {
  private static final double MICROS_PER_MILLI = 1000;

  private OperatorTables() {}

  /** Returns one line per group under a heading, in the order in which they were asked for. */
  public static List<String> list(List<GroupView> groups) {
    if (groups.isEmpty()) {
      return List.of("There are no placement groups.");
    }
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("GROUP", "STATE", "DETAIL", "STRATEGY", "BUNDLES", "NODES"));
    groups.stream().map(OperatorTables::row).forEach(rows::add);
    return TextTable.aligned(rows);
  }

  private static List<String> row(GroupView group) {
    PlacementGroupSpec spec = group.spec();
    String nodes =
        group.placements().stream()
            .map(BundlePlacement::address)
            .distinct()
            .collect(Collectors.joining(", "));
    return List.of(
        spec.displayName(),
        group.state().name(),
        group.detail().name(),
        spec.strategy().name(),
        group.placements().size() + "/" + spec.bundles().size(),
        nodes);
  }

  /** Returns all that is known of one group: its bundles, why it waits, and how it was placed. */
  public static List<String> show(GroupView group, List<NodeView> nodes) {
    PlacementGroupSpec spec = group.spec();
    List<String> lines = new ArrayList<>(PlacementTables.groups(List.of(group), nodes));
    String lifetime = spec.options().detached() ? "detached" : "ends with whoever asked for it";
    lines.add("  id %s, %s, %s".formatted(spec.id(), group.detail(), lifetime));
    GroupStats stats = group.stats();
    lines.add(
        "  attempts %d, last placed in %s ms, created after %s ms, longest back-off %d ms"
            .formatted(
                stats.attempts(),
                millis(stats.schedulingMicros()),
                millis(stats.creationMicros()),
                stats.highestRetryDelayMillis()));
    return lines;
  }

  private static String millis(long micros) {
    return Resources.text(Math.round(micros / MICROS_PER_MILLI * 10) * Resources.UNIT / 10);
  }

  /** Returns why a group waits and what would make it fit, or that it does not wait. */
  public static List<String> explain(GroupView group) {
    String name =
        "%s is %s (%s)".formatted(group.spec().displayName(), group.state(), group.detail());
    if (group.explanation().equals(Explanation.NONE)) {
      return List.of(name + ": it does not wait");
    }
    List<String> lines = new ArrayList<>();
    lines.add(name);
    group.explanation().lines().forEach(line -> lines.add(TextTable.GAP + line));
    return lines;
  }

  /** Returns one line per device under a heading: who holds how much of it. */
  public static List<String> devices(List<NodeView> nodes, List<GroupView> groups) {
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("NODE", "GPU", "DEVICE", "FREE", "HELD BY"));
    for (NodeView node : nodes) {
      for (DeviceUse use : DeviceUse.of(node, groups)) {
        rows.add(row(node, use));
      }
    }
    return rows.size() == 1 ? List.of() : TextTable.aligned(rows);
  }

  private static List<String> row(NodeView node, DeviceUse use) {
    String uuid = use.slot().uuid().isEmpty() ? "" : " " + use.slot().uuid();
    return List.of(
        node.address(),
        String.valueOf(use.slot().index()),
        use.slot().describe() + uuid,
        Resources.text(use.free()),
        use.holders().stream().map(OperatorTables::text).collect(Collectors.joining(", ")));
  }

  private static String text(DeviceUse.Holder holder) {
    return "%s bundle %d (%s)"
        .formatted(holder.group(), holder.bundleIndex(), Resources.text(holder.share()));
  }
}
