package io.phalanx.runtime;

import io.phalanx.runtime.config.ConfigReader;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one node is: where it listens, its roles, and what it offers. The typed view of {@code
 * phalanx.node}.
 *
 * @param host the loopback address or name that other nodes reach this one by
 * @param port the cluster port; 0 takes a free one
 * @param roles what the node does, at least one role
 * @param gpus how many GPUs the node offers; empty: those that CUDA finds
 * @param cpus how many processors the node offers; empty: those of the machine
 * @param memoryBytes how much memory the node offers; empty: that of the machine
 * @param acceleratorType the GPUs' type, such as {@code L4}; empty: by the name that CUDA gives
 * @param labels free labels, which bundles can select by
 */
public record NodeSettings(
    String host,
    int port,
    Set<NodeRole> roles,
    Optional<Integer> gpus,
    Optional<Integer> cpus,
    Optional<Long> memoryBytes,
    Optional<String> acceleratorType,
    Map<String, String> labels) {

  private static final String AUTO = "auto";
  private static final int MOST_PORT = 65_535;
  private static final int MOST_GPUS = 1024;
  private static final int MOST_CPUS = 65_536;

  /** Checks what can be checked without the network and copies the collections. */
  public NodeSettings {
    host = LoopbackRule.requireLoopback("phalanx.node.host", host);
    roles = Set.copyOf(roles);
    labels = Map.copyOf(labels);
  }

  static NodeSettings read(ConfigReader node) {
    Set<NodeRole> roles = EnumSet.noneOf(NodeRole.class);
    roles.addAll(node.enumValues("roles", NodeRole.class));
    if (roles.isEmpty()) {
      throw node.error("roles", "[] is empty; list control, worker, ingress or some of them");
    }
    node.know("join-timeout");
    cpuThreads(node);
    return new NodeSettings(
        node.string("host"),
        node.integer("port", 0, MOST_PORT),
        roles,
        auto(node, "gpus") ? Optional.empty() : Optional.of(node.integer("gpus", 0, MOST_GPUS)),
        auto(node, "cpus") ? Optional.empty() : Optional.of(node.integer("cpus", 1, MOST_CPUS)),
        auto(node, "memory") ? Optional.empty() : Optional.of(node.bytes("memory")),
        Optional.of(node.string("accelerator-type")).filter(type -> !type.equals(AUTO)),
        node.stringMap("labels"));
  }

  /** Returns a copy for the logical node of a local cluster with this index, from 0. */
  NodeSettings forLocalCluster(LocalClusterSettings cluster, int index) {
    Set<NodeRole> all = EnumSet.allOf(NodeRole.class);
    return new NodeSettings(
        host,
        index == 0 ? port : 0,
        index == 0 ? all : EnumSet.of(NodeRole.WORKER),
        Optional.of(cluster.gpusPerNode()),
        Optional.of(cluster.cpusPerNode()),
        memoryBytes,
        Optional.of(cluster.acceleratorType()),
        labels);
  }

  static Optional<Integer> cpuThreads(ConfigReader node) {
    return auto(node, "cpu-threads")
        ? Optional.empty()
        : Optional.of(node.integer("cpu-threads", 1, MOST_CPUS));
  }

  private static boolean auto(ConfigReader node, String key) {
    return node.string(key).equals(AUTO);
  }
}
