package io.phalanx.placement;

import io.phalanx.runtime.device.DeviceSlot;
import java.util.ArrayList;
import java.util.List;

/**
 * One device of a node, and which bundles hold it or share it.
 *
 * @param slot the device
 * @param free its free share in ten-thousandths
 * @param holders the bundles, group by group in the order in which they were asked for
 */
public record DeviceUse(DeviceSlot slot, long free, List<Holder> holders) {

  /**
   * A bundle that holds a device, or a share of it.
   *
   * @param group the group, as people call it
   * @param bundleIndex the bundle, from 0
   * @param share what it holds of the device, in ten-thousandths
   */
  public record Holder(String group, int bundleIndex, long share) {}

  /** Copies the list. */
  public DeviceUse {
    holders = List.copyOf(holders);
  }

  /** Returns the use of each device of a node, by index. */
  public static List<DeviceUse> of(NodeView node, List<GroupView> groups) {
    List<DeviceUse> uses = new ArrayList<>();
    for (DeviceSlot slot : node.node().devices()) {
      List<Holder> holders = new ArrayList<>();
      groups.forEach(group -> addHolders(holders, group, node.nodeId(), slot.index()));
      uses.add(new DeviceUse(slot, node.freeOfDevice().get(slot.index()), holders));
    }
    return List.copyOf(uses);
  }

  private static void addHolders(
      List<Holder> holders, GroupView group, String nodeId, int deviceIndex) {
    PlacementGroupSpec spec = group.spec();
    for (BundlePlacement placement : group.placements()) {
      if (placement.nodeId().equals(nodeId) && placement.deviceIndexes().contains(deviceIndex)) {
        Resources held = spec.bundles().get(placement.bundleIndex()).resources();
        long share = Math.min(held.get(Resources.GPU), Resources.UNIT);
        holders.add(new Holder(spec.displayName(), placement.bundleIndex(), share));
      }
    }
  }
}
