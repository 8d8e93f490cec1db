package io.phalanx.placement.scheduling;

import io.phalanx.placement.Resources;
import java.util.Arrays;

/**
 * What a packing can use of a node: equal for nodes between which it need not tell apart.
 *
 * <p>Amounts are capped at what all bundles ask for, and parts of devices count only where bundles
 * ask for parts.
 */
final class NodeKey {
  private final long[] amounts;
  private final long[] devices;
  private final boolean[] accepted;
  private final String openNode;
  private final int hash;

  /** Beyond what a packing can use nothing of a node. */
  static final class Scale {
    private final long[] totals;
    private final int mostDevices;
    private final long smallestShare;

    /**
     * Creates the scale of some items.
     *
     * @param totals what they ask for: by dimension, then GPUs
     */
    Scale(ItemTypes types, long[] totals) {
      this.totals = totals;
      int devices = 0;
      long smallest = Resources.UNIT;
      int[] counts = types.counts();
      for (int t = 0; t < counts.length; t++) {
        Demand demand = types.demand(t);
        devices += counts[t] * (demand.wholeGpus() + demand.shareCount());
        for (int i = 0; i < demand.shareCount(); i++) {
          smallest = Math.min(smallest, demand.share(i));
        }
      }
      this.mostDevices = devices;
      this.smallestShare = smallest;
    }
  }

  private NodeKey(long[] amounts, long[] devices, boolean[] accepted, String openNode) {
    this.amounts = amounts;
    this.devices = devices;
    this.accepted = accepted;
    this.openNode = openNode;
    this.hash =
        31 * (31 * Arrays.hashCode(amounts) + Arrays.hashCode(devices))
            + 31 * Arrays.hashCode(accepted)
            + openNode.hashCode();
  }

  static NodeKey of(NodeRoom room, boolean[] accepted, Scale scale, boolean open) {
    long[] devices = usableDevices(room, scale);
    long[] amounts = new long[scale.totals.length];
    int gpus = amounts.length - 1;
    for (int d = 0; d < gpus; d++) {
      amounts[d] = Math.min(room.free(d), scale.totals[d]);
    }
    amounts[gpus] = Math.min(Arrays.stream(devices).sum(), scale.totals[gpus]);
    return new NodeKey(amounts, devices, accepted, open ? room.view.nodeId() : "");
  }

  /** Returns the free parts that some bundle can lie in, the largest first. */
  private static long[] usableDevices(NodeRoom room, Scale scale) {
    long[] sorted = room.shares();
    Arrays.sort(sorted);
    int size = 0;
    while (size < Math.min(sorted.length, scale.mostDevices)
        && sorted[sorted.length - 1 - size] >= scale.smallestShare) {
      size++;
    }
    long[] usable = new long[size];
    for (int i = 0; i < size; i++) {
      usable[i] = sorted[sorted.length - 1 - i];
    }
    return usable;
  }

  boolean isOpen() {
    return !openNode.isEmpty();
  }

  /** Returns what can be used of a dimension, or after the last one of the GPUs. */
  long amount(int dimension) {
    return amounts[dimension];
  }

  /** Returns a number that is no less than that of a key which this one dominates. */
  long sum() {
    return Arrays.stream(amounts).sum() + Arrays.stream(devices).sum() + acceptedCount();
  }

  private int acceptedCount() {
    int count = 0;
    for (boolean isAccepted : accepted) {
      count += isAccepted ? 1 : 0;
    }
    return count;
  }

  /** Returns whether whatever fits on a node of the other kind fits on one of this kind. */
  boolean dominates(NodeKey other) {
    for (int d = 0; d < amounts.length; d++) {
      if (amounts[d] < other.amounts[d]) {
        return false;
      }
    }
    for (int i = 0; i < other.devices.length; i++) {
      if (i >= devices.length || devices[i] < other.devices[i]) {
        return false;
      }
    }
    for (int t = 0; t < accepted.length; t++) {
      if (other.accepted[t] && !accepted[t]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public boolean equals(Object object) {
    return object instanceof NodeKey other
        && hash == other.hash
        && Arrays.equals(amounts, other.amounts)
        && Arrays.equals(devices, other.devices)
        && Arrays.equals(accepted, other.accepted)
        && openNode.equals(other.openNode);
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
