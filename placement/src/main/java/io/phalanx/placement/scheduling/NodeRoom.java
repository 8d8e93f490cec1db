package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.List;

/** What is left on one node while a plan tries bundles on it. */
final class NodeRoom {
  final NodeView view;
  final int ordinal;
  private final long[] free;
  private final long[] shares;
  private int wholeDevices;
  private long freeGpus;

  /**
   * Creates the room of a node on which the plan has put nothing yet.
   *
   * @param ordinal the node's position among those of the plan, which come by address
   * @param dimensions the names counted per node
   */
  NodeRoom(NodeView view, int ordinal, List<String> dimensions) {
    this.view = view;
    this.ordinal = ordinal;
    this.free = new long[dimensions.size()];
    for (int d = 0; d < free.length; d++) {
      free[d] = view.free().get(dimensions.get(d));
    }
    this.shares = new long[view.freeOfDevice().size()];
    for (int i = 0; i < shares.length; i++) {
      shares[i] = view.freeOfDevice().get(i);
      freeGpus += shares[i];
      wholeDevices += shares[i] == Resources.UNIT ? 1 : 0;
    }
  }

  private NodeRoom(NodeRoom other) {
    this.view = other.view;
    this.ordinal = other.ordinal;
    this.free = other.free.clone();
    this.shares = other.shares.clone();
    this.wholeDevices = other.wholeDevices;
    this.freeGpus = other.freeGpus;
  }

  NodeRoom copy() {
    return new NodeRoom(this);
  }

  /** Takes all of {@code demand}, or nothing and returns false. */
  boolean take(Demand demand) {
    if (!fits(demand)) {
      return false;
    }
    for (int d = 0; d < free.length; d++) {
      free[d] -= demand.amount(d);
    }
    takeDevices(demand);
    return true;
  }

  boolean fits(Demand demand) {
    for (int d = 0; d < free.length; d++) {
      if (demand.amount(d) > free[d]) {
        return false;
      }
    }
    if (demand.wholeGpus() > wholeDevices || demand.gpus() > freeGpus) {
      return false;
    }
    return demand.shareCount() == 0 || copy().takeDevices(demand);
  }

  /** Sums, over what is asked for, the fraction of it that would stay free. */
  double emptiness(Demand demand) {
    double sum = fractionLeft(freeGpus, demand.gpus());
    for (int d = 0; d < free.length; d++) {
      sum += fractionLeft(free[d], demand.amount(d));
    }
    return sum;
  }

  private static double fractionLeft(long free, long asked) {
    return asked == 0 || free == 0 ? 0 : (double) (free - asked) / free;
  }

  /** Returns how often {@code demand} fits, at most {@code limit}. */
  int capacity(Demand demand, int limit) {
    if (demand.shareCount() == 0) {
      return capacityOfWhole(demand, limit);
    }
    NodeRoom room = copy();
    int count = 0;
    while (count < limit && room.take(demand)) {
      count++;
    }
    return count;
  }

  private int capacityOfWhole(Demand demand, int limit) {
    long most = limit;
    for (int d = 0; d < free.length; d++) {
      most = demand.amount(d) == 0 ? most : Math.min(most, free[d] / demand.amount(d));
    }
    return (int)
        (demand.wholeGpus() == 0 ? most : Math.min(most, wholeDevices / demand.wholeGpus()));
  }

  private boolean takeDevices(Demand demand) {
    if (demand.wholeGpus() > 0) {
      takeWhole(demand.wholeGpus());
    }
    for (int i = 0; i < demand.shareCount(); i++) {
      if (takeShare(demand.share(i)) < 0) {
        return false;
      }
    }
    return true;
  }

  /** Takes up to {@code count} devices that are wholly free, the first ones. */
  private List<Integer> takeWhole(int count) {
    List<Integer> taken = new ArrayList<>(count);
    for (int i = 0; i < shares.length && taken.size() < count; i++) {
      if (shares[i] == Resources.UNIT) {
        takeOf(i, Resources.UNIT);
        taken.add(i);
      }
    }
    return taken;
  }

  /** Takes a part of the device that it fills best, and returns the device, or -1. */
  private int takeShare(long share) {
    int best = -1;
    for (int i = 0; i < shares.length; i++) {
      if (shares[i] >= share && (best < 0 || shares[i] < shares[best])) {
        best = i;
      }
    }
    if (best >= 0) {
      takeOf(best, share);
    }
    return best;
  }

  private void takeOf(int device, long amount) {
    wholeDevices -= shares[device] == Resources.UNIT ? 1 : 0;
    shares[device] -= amount;
    freeGpus -= amount;
  }

  /** Takes the devices for one bundle and returns them, ascending; empty if they are not free. */
  List<Integer> takeDevicesOf(long gpus) {
    if (gpus >= Resources.UNIT) {
      int count = (int) (gpus / Resources.UNIT);
      List<Integer> devices = takeWhole(count);
      return devices.size() == count ? devices : List.of();
    }
    int device = takeShare(gpus);
    return device < 0 ? List.of() : List.of(device);
  }

  long free(int dimension) {
    return free[dimension];
  }

  /** Returns what is free of all devices, in ten-thousandths. */
  long freeGpus() {
    return freeGpus;
  }

  /** Returns how many devices are wholly free. */
  int wholeDevices() {
    return wholeDevices;
  }

  /** Returns what is free of each device, in ten-thousandths. */
  long[] shares() {
    return shares.clone();
  }
}
