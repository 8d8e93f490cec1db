package io.phalanx.runtime;

import com.typesafe.config.Config;
import io.phalanx.runtime.device.DeviceInventory;
import io.phalanx.runtime.metrics.Metrics;

/**
 * What a node's components are made from.
 *
 * @param settings what the node is; its port may be 0, the cluster's own address has the real one
 * @param config the whole configuration of the node
 * @param devices what the node has
 * @param metrics where the node's components count; shared by the logical nodes of one JVM
 */
public record NodeContext(
    NodeSettings settings, Config config, DeviceInventory devices, Metrics metrics) {}
