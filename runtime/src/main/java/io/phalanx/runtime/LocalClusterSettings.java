package io.phalanx.runtime;

import io.phalanx.runtime.config.ConfigReader;

/**
 * How many logical nodes a local cluster has and what each offers. The typed view of {@code
 * phalanx.local-cluster}.
 *
 * @param nodes logical nodes in this JVM, at least 1
 * @param gpusPerNode logical GPUs of each node
 * @param cpusPerNode logical processors of each node
 * @param acceleratorType type of the logical GPUs, such as {@code L4}
 */
public record LocalClusterSettings(
    int nodes, int gpusPerNode, int cpusPerNode, String acceleratorType) {
  private static final int MOST_NODES = 64;
  private static final int MOST_GPUS = 1024;
  private static final int MOST_CPUS = 65_536;

  static LocalClusterSettings read(ConfigReader cluster) {
    return new LocalClusterSettings(
        cluster.integer("nodes", 1, MOST_NODES),
        cluster.integer("gpus-per-node", 0, MOST_GPUS),
        cluster.integer("cpus-per-node", 1, MOST_CPUS),
        cluster.string("accelerator-type"));
  }
}
