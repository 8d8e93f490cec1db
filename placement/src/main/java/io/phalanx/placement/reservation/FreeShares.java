package io.phalanx.placement.reservation;

import io.phalanx.placement.NodeInfo;
import io.phalanx.placement.NodeView;
import io.phalanx.placement.Resources;
import java.util.ArrayList;
import java.util.List;

/** What is free on one node while bundles come and go; devices are counted one by one. */
final class FreeShares {
  private final NodeInfo node;
  private final long[] devices;
  private Resources free;

  FreeShares(NodeInfo node) {
    NodeView empty = NodeView.empty(node);
    this.node = node;
    this.free = empty.free();
    this.devices = empty.freeOfDevice().stream().mapToLong(Long::longValue).toArray();
  }

  /** Takes all of it, or nothing and says why not; "" if taken. */
  String take(Resources resources, List<Integer> deviceIndexes) {
    String problem = problem(resources, deviceIndexes);
    if (problem.isEmpty()) {
      free = free.minus(resources.withoutGpus());
      deviceIndexes.forEach(index -> devices[index] -= share(resources));
    }
    return problem;
  }

  void giveBack(Resources resources, List<Integer> deviceIndexes) {
    free = free.plus(resources.withoutGpus());
    deviceIndexes.forEach(index -> devices[index] += share(resources));
  }

  private String problem(Resources resources, List<Integer> deviceIndexes) {
    long gpus = resources.get(Resources.GPU);
    long needed = gpus >= Resources.UNIT ? gpus / Resources.UNIT : Math.min(gpus, 1);
    if (deviceIndexes.size() != needed || deviceIndexes.stream().distinct().count() != needed) {
      return "GPU %s cannot lie on devices %s".formatted(Resources.text(gpus), deviceIndexes);
    }
    for (int index : deviceIndexes) {
      if (index < 0 || index >= devices.length) {
        return "there is no device [%d] of %d".formatted(index, devices.length);
      }
      if (devices[index] < share(resources)) {
        return "needs GPU %s of device %d, free %s"
            .formatted(Resources.text(share(resources)), index, Resources.text(devices[index]));
      }
    }
    Resources missing = resources.withoutGpus().missingIn(free);
    return missing.isZero() ? "" : "needs %s, free %s".formatted(resources.withoutGpus(), free);
  }

  private static long share(Resources resources) {
    return Math.min(resources.get(Resources.GPU), Resources.UNIT);
  }

  NodeView view(boolean draining) {
    List<Long> shares = new ArrayList<>();
    for (long share : devices) {
      shares.add(share);
    }
    return new NodeView(node, free, shares, draining);
  }
}
