package io.phalanx.placement;

import io.phalanx.runtime.device.DeviceSlot;
import java.util.List;

/**
 * What an actor that is started in a bundle may use.
 *
 * @param bundle the bundle
 * @param resources all that the bundle holds
 * @param devices the node's devices that it holds, or shares, in the node's order
 * @param host the node's own host, for sockets between ranks
 */
public record BundleGrant(
    BundleId bundle, Resources resources, List<DeviceSlot> devices, String host) {

  /** Copies the list. */
  public BundleGrant {
    devices = List.copyOf(devices);
  }
}
