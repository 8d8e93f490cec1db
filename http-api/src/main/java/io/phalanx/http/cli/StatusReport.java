package io.phalanx.http.cli;

import io.phalanx.llm.PhalanxStatus;
import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.llm.serving.RankInfo;
import io.phalanx.llm.serving.ReplicaStatus;
import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.runtime.device.DeviceSlot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A cluster's status in words: its nodes, and which rank computes where. */
final class StatusReport {
  private StatusReport() {}

  /** Returns the lines. */
  static List<String> lines(PhalanxStatus status) {
    List<String> lines = new ArrayList<>();
    lines.add("");
    lines.add("Nodes");
    status.nodes().stream()
        .sorted(Comparator.comparing(node -> -node.node().roles().size()))
        .forEach(node -> lines.add("  " + describe(node)));
    lines.add("");
    lines.add("Placement");
    for (DeploymentStatus deployment : status.deployments()) {
      for (ReplicaStatus replica : deployment.replicas()) {
        lines.add("  " + replica.name() + " " + replica.state().name().toLowerCase(Locale.ROOT));
        replica.ranks().forEach(rank -> lines.add("    " + describe(rank)));
      }
    }
    return lines;
  }

  private static String describe(NodeView view) {
    NodeInfo node = view.node();
    return "%s  %s  %s".formatted(node.address(), devices(node.devices()), roles(node));
  }

  private static String roles(NodeInfo node) {
    return node.roles().stream().sorted().collect(Collectors.joining(", "));
  }

  /** Returns such as {@code 2 x cpu (logical L4)}. */
  static String devices(List<DeviceSlot> slots) {
    if (slots.isEmpty()) {
      return "no GPUs";
    }
    DeviceSlot first = slots.get(0);
    return slots.size() + " x " + (first.logical() ? first.describe() : first.name());
  }

  private static String describe(RankInfo rank) {
    return "rank %d (stage %d, tensor rank %d)  %s  %s"
        .formatted(rank.rank(), rank.stage(), rank.tensorRank(), rank.address(), rank.device());
  }
}
