package io.phalanx.placement;

import io.phalanx.runtime.device.DeviceSlot;
import java.util.List;
import java.util.Map;

/**
 * What a node offers, which does not change while it lives.
 *
 * @param nodeId unique for each life of a node: one that returns has another id
 * @param address {@code host:port}, for people and for ties
 * @param roles names of the node's roles, such as {@code worker}
 * @param labels label to value, {@code accelerator-type} among them where there is one
 * @param total all that the node has; its {@code GPU} is the number of {@code devices}
 * @param devices the node's devices in its own order; {@code devices.get(i).index()} is i
 */
public record NodeInfo(
    String nodeId,
    String address,
    List<String> roles,
    Map<String, String> labels,
    Resources total,
    List<DeviceSlot> devices) {

  /** The label that holds the kind of accelerator, such as {@code L4}. */
  public static final String ACCELERATOR_TYPE = "accelerator-type";

  /**
   * Begins the name of the resource that each node of an accelerator type has 1 of; bundles written
   * for Ray ask for a thousandth of {@code accelerator_type:L4} to select nodes.
   */
  public static final String ACCELERATOR_RESOURCE_PREFIX = "accelerator_type:";

  /** Validates that devices and total agree. */
  public NodeInfo {
    roles = List.copyOf(roles);
    labels = Map.copyOf(labels);
    devices = List.copyOf(devices);
    if (total.get(Resources.GPU) != devices.size() * Resources.UNIT) {
      throw new IllegalArgumentException(
          "node [%s] says %s and lists %d devices".formatted(address, total, devices.size()));
    }
  }

  /** Returns the host part of the address. */
  public String host() {
    return address.substring(0, Math.max(address.lastIndexOf(':'), 0));
  }
}
