package io.phalanx.placement.scheduling;

import io.phalanx.placement.NodeView;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A node on which, in thought, others give back what further bundles need. */
final class FreedNode {
  private static final double IMPOSSIBLE = Double.POSITIVE_INFINITY;
  private static final double FEWEST_GPUS_FIRST = 1_000;

  private final NodeRoom room;
  private final List<String> dimensions;
  private final long[] free;
  private final long[] devices;
  private final long[] givenBack;
  private final long[] givenBackOfDevice;
  private boolean closed;

  /**
   * Creates a node on which nothing is given back yet.
   *
   * @param room what is left on it
   * @param dimensions the names counted per node
   */
  FreedNode(NodeRoom room, List<String> dimensions) {
    this.room = room;
    this.dimensions = dimensions;
    this.free = new long[dimensions.size()];
    for (int d = 0; d < free.length; d++) {
      free[d] = room.free(d);
    }
    this.devices = room.shares();
    this.givenBack = new long[free.length];
    this.givenBackOfDevice = new long[devices.length];
  }

  private FreedNode(FreedNode other) {
    this.room = other.room;
    this.dimensions = other.dimensions;
    this.free = other.free.clone();
    this.devices = other.devices.clone();
    this.givenBack = other.givenBack.clone();
    this.givenBackOfDevice = other.givenBackOfDevice.clone();
  }

  NodeRoom room() {
    return room;
  }

  /** Takes no more bundles from now on. */
  void close() {
    closed = true;
  }

  /** Returns how much would have to be given back for an item, GPUs first; infinite if too much. */
  double missing(Item item) {
    FreedNode tried = new FreedNode(this);
    if (closed || !tried.free(Demand.of(item.bundles(), dimensions))) {
      return IMPOSSIBLE;
    }
    double missing =
        FEWEST_GPUS_FIRST
            * (Arrays.stream(tried.givenBackOfDevice).sum()
                - Arrays.stream(givenBackOfDevice).sum());
    for (int d = 0; d < free.length; d++) {
      double total = Math.max(1, room.view.node().total().get(dimensions.get(d)));
      missing += (tried.givenBack[d] - givenBack[d]) / total;
    }
    return missing;
  }

  /** Has the least given back that makes room for {@code demand}, which then takes it. */
  boolean free(Demand demand) {
    for (int d = 0; d < free.length; d++) {
      long missing = Math.max(0, demand.amount(d) - free[d]);
      givenBack[d] += missing;
      free[d] += missing - demand.amount(d);
      if (givenBack[d] > held(dimensions.get(d))) {
        return false;
      }
    }
    boolean done = true;
    for (int i = 0; i < demand.wholeGpus(); i++) {
      done = done && freeDevice(Resources.UNIT);
    }
    for (int i = 0; i < demand.shareCount(); i++) {
      done = done && freeDevice(demand.share(i));
    }
    return done;
  }

  private long held(String name) {
    return room.view.node().total().get(name) - room.view.free().get(name);
  }

  /** Uses the device that it fills best, else the one on which the least is missing. */
  private boolean freeDevice(long share) {
    int best = -1;
    for (int i = 0; i < devices.length; i++) {
      boolean canBe = devices[i] + heldOfDevice(i) >= share;
      if (canBe && (best < 0 || isBetter(i, best, share))) {
        best = i;
      }
    }
    if (best < 0) {
      return false;
    }
    long missing = Math.max(0, share - devices[best]);
    givenBackOfDevice[best] += missing;
    devices[best] += missing - share;
    return true;
  }

  private boolean isBetter(int device, int best, long share) {
    boolean fits = devices[device] >= share;
    boolean bestFits = devices[best] >= share;
    if (fits != bestFits) {
      return fits;
    }
    return fits ? devices[device] < devices[best] : devices[device] > devices[best];
  }

  private long heldOfDevice(int device) {
    return Resources.UNIT - room.view.freeOfDevice().get(device) - givenBackOfDevice[device];
  }

  /** Returns all that is given back. */
  Resources freed() {
    Map<String, Long> amounts = new HashMap<>();
    for (int d = 0; d < givenBack.length; d++) {
      amounts.put(dimensions.get(d), givenBack[d]);
    }
    amounts.put(Resources.GPU, Arrays.stream(givenBackOfDevice).sum());
    return new Resources(amounts);
  }

  /** Returns the node as it would be before the group's bundles come. */
  NodeView view() {
    List<Long> shares = new ArrayList<>();
    for (int i = 0; i < devices.length; i++) {
      shares.add(room.view.freeOfDevice().get(i) + givenBackOfDevice[i]);
    }
    Resources now = room.view.free();
    return new NodeView(
        room.view.node(), now.plus(freed().withoutGpus()), shares, room.view.draining());
  }
}
