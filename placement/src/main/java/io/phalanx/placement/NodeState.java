package io.phalanx.placement;

import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * A node's whole ledger and what runs in its bundles at one moment.
 *
 * @param view the node and what is free
 * @param groups the groups that hold something here
 */
public record NodeState(NodeView view, List<GroupShare> groups) implements WireMessage {

  /** Copies the list. */
  public NodeState {
    groups = List.copyOf(groups);
  }

  /**
   * What one group holds on this node.
   *
   * @param group the whole group, of which some bundles may lie elsewhere
   * @param subscriber whom the group's events go to
   * @param bundles the bundles that lie here
   */
  public record GroupShare(
      PlacementGroupSpec group, ActorRef<GroupEvent> subscriber, List<HeldBundle> bundles) {

    /** Copies the list. */
    public GroupShare {
      bundles = List.copyOf(bundles);
    }
  }

  /**
   * One bundle that lies on this node.
   *
   * @param bundleIndex the bundle, from 0
   * @param phase how far its reservation is
   * @param attempt the manager's attempt that reserved it
   * @param deviceIndexes the devices that it holds, or shares, ascending
   * @param children the actors that run in it
   */
  public record HeldBundle(
      int bundleIndex,
      BundlePhase phase,
      long attempt,
      List<Integer> deviceIndexes,
      List<Child> children) {

    /** Copies the lists. */
    public HeldBundle {
      deviceIndexes = List.copyOf(deviceIndexes);
      children = List.copyOf(children);
    }
  }

  /** An actor that runs in a bundle, and what it was started with. */
  public record Child(String name, LaunchSpec spec, ActorRef<Object> actor) {}
}
