package io.phalanx.placement;

import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * Where one bundle of a created group lies.
 *
 * @param bundleIndex the bundle, from 0
 * @param nodeId id of its node
 * @param address {@code host:port} of its node
 * @param deviceIndexes the node's devices that it holds, or shares, ascending; empty without GPUs
 * @param agent the node's agent, which starts actors in the bundle
 */
public record BundlePlacement(
    int bundleIndex,
    String nodeId,
    String address,
    List<Integer> deviceIndexes,
    ActorRef<NodeAgent.Command> agent) {

  /** Copies the list. */
  public BundlePlacement {
    deviceIndexes = List.copyOf(deviceIndexes);
  }
}
