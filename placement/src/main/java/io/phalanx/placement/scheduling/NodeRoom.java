package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** What is left on one node while a plan tries bundles on it. */
final class NodeRoom {
  final NodeView view;
  private final long[] free;
  private final long[] shares;

  NodeRoom(NodeView view, List<String> dimensions) {
    this.view = view;
    this.free = dimensions.stream().mapToLong(view.free()::get).toArray();
    this.shares = view.freeOfDevice().stream().mapToLong(Long::longValue).toArray();
  }

  private NodeRoom(NodeRoom other) {
    this.view = other.view;
    this.free = other.free.clone();
    this.shares = other.shares.clone();
  }

  NodeRoom copy() {
    return new NodeRoom(this);
  }

  /** Takes all of {@code demand}, or nothing and returns false. */
  boolean take(Demand demand) {
    for (int d = 0; d < free.length; d++) {
      if (demand.amount(d) > free[d]) {
        return false;
      }
    }
    if (!takeDevices(demand)) {
      return false;
    }
    for (int d = 0; d < free.length; d++) {
      free[d] -= demand.amount(d);
    }
    return true;
  }

  boolean fits(Demand demand) {
    return copy().take(demand);
  }

  /** Returns how often {@code demand} fits, at most {@code limit}. */
  int capacity(Demand demand, int limit) {
    NodeRoom room = copy();
    int count = 0;
    while (count < limit && room.take(demand)) {
      count++;
    }
    return count;
  }

  private boolean takeDevices(Demand demand) {
    long[] before = shares.clone();
    if (takeWhole(demand.wholeGpus()).size() < demand.wholeGpus()) {
      System.arraycopy(before, 0, shares, 0, shares.length);
      return false;
    }
    for (long share : demand.shares()) {
      if (takeShare(share) < 0) {
        System.arraycopy(before, 0, shares, 0, shares.length);
        return false;
      }
    }
    return true;
  }

  /** Takes up to {@code count} devices that are wholly free, the first ones. */
  private List<Integer> takeWhole(int count) {
    List<Integer> taken = new ArrayList<>();
    for (int i = 0; i < shares.length && taken.size() < count; i++) {
      if (shares[i] == Resources.UNIT) {
        shares[i] = 0;
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
      shares[best] -= share;
    }
    return best;
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

  long freeGpus() {
    return Arrays.stream(shares).sum();
  }

  /** Returns equal values for nodes that can hold the same. */
  List<Object> signature() {
    long[] sorted = shares.clone();
    Arrays.sort(sorted);
    return List.of(Arrays.stream(free).boxed().toList(), Arrays.stream(sorted).boxed().toList());
  }
}
