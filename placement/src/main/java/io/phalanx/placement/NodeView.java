package io.phalanx.placement;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/**
 * A node and what is free on it at one moment.
 *
 * @param node what the node is
 * @param free what no bundle holds, GPUs excepted
 * @param freeOfDevice by device index, the free share in ten-thousandths
 * @param draining whether the node takes no new bundles
 */
public record NodeView(NodeInfo node, Resources free, List<Long> freeOfDevice, boolean draining) {

  /** Validates that each device has a share. */
  public NodeView {
    freeOfDevice = List.copyOf(freeOfDevice);
    if (freeOfDevice.size() != node.devices().size()) {
      throw new IllegalArgumentException(
          "node [%s] has %d devices and %d free shares"
              .formatted(node.address(), node.devices().size(), freeOfDevice.size()));
    }
    if (free.get(Resources.GPU) != 0) {
      throw new IllegalArgumentException("free GPUs are counted per device, not in [free]");
    }
  }

  /** Returns the node with nothing reserved on it. */
  public static NodeView empty(NodeInfo node) {
    Resources gpus = new Resources(Map.of(Resources.GPU, node.total().get(Resources.GPU)));
    List<Long> shares = Collections.nCopies(node.devices().size(), Resources.UNIT);
    return new NodeView(node, node.total().minus(gpus), shares, false);
  }

  /** Returns the node's id. */
  public String nodeId() {
    return node.nodeId();
  }

  /** Returns the node's {@code host:port}. */
  public String address() {
    return node.address();
  }

  /** Returns what is free, with GPUs as the sum over the devices. */
  public Resources freeWithGpus() {
    long gpus = freeOfDevice.stream().mapToLong(Long::longValue).sum();
    return free.plus(new Resources(Map.of(Resources.GPU, gpus)));
  }

  /** Returns the node with or without draining. */
  public NodeView withDraining(boolean isDraining) {
    return new NodeView(node, free, freeOfDevice, isDraining);
  }

  /**
   * Returns the node as it is when one more bundle lies on it.
   *
   * @param resources what the bundle holds
   * @param deviceIndexes the devices that it holds, or shares
   */
  public NodeView withTaken(Resources resources, List<Integer> deviceIndexes) {
    return new NodeView(
        node, free.minus(resources.withoutGpus()), shares(resources, deviceIndexes, -1), draining);
  }

  /** Returns the node as it is when a bundle that lies on it has gone. */
  public NodeView withFreed(Resources resources, List<Integer> deviceIndexes) {
    return new NodeView(
        node, free.plus(resources.withoutGpus()), shares(resources, deviceIndexes, 1), draining);
  }

  private List<Long> shares(Resources resources, List<Integer> deviceIndexes, int sign) {
    List<Long> shares = new ArrayList<>(freeOfDevice);
    long share = Math.min(resources.get(Resources.GPU), Resources.UNIT);
    deviceIndexes.forEach(index -> shares.set(index, shares.get(index) + sign * share));
    return shares;
  }
}
