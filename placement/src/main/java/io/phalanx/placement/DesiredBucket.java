package io.phalanx.placement;

import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;

/**
 * One of the parts in which desired groups are kept, written as a whole.
 *
 * @param epoch of the manager that wrote it; a later manager's prevails
 * @param groups the groups whose id falls into this part
 */
record DesiredBucket(Epoch epoch, List<DesiredGroup> groups) implements WireMessage {

  /** How many parts there are; must be equal on all nodes. */
  static final int COUNT = 64;

  static final DesiredBucket EMPTY = new DesiredBucket(Epoch.NONE, List.of());

  /** Copies the list. */
  DesiredBucket {
    groups = List.copyOf(groups);
  }

  /** Returns the part that a group falls into, 0 to {@link #COUNT} - 1. */
  static int of(String groupId) {
    return Math.floorMod(groupId.hashCode(), COUNT);
  }
}
