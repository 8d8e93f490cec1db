package io.phalanx.placement;

import io.phalanx.placement.reservation.Holding;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
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
   * Puts together the state of a node.
   *
   * @param holdings all that it holds
   * @param subscribers whom the events of a group go to, by group id
   * @param children the actors that run in a bundle
   */
  static NodeState of(
      NodeView view,
      List<Holding> holdings,
      Function<String, ActorRef<GroupEvent>> subscribers,
      Function<BundleId, List<Child>> children) {
    Map<PlacementGroupSpec, List<HeldBundle>> byGroup = new LinkedHashMap<>();
    for (Holding holding : holdings) {
      byGroup
          .computeIfAbsent(holding.group(), group -> new ArrayList<>())
          .add(HeldBundle.of(holding, children.apply(holding.id())));
    }
    List<GroupShare> shares = new ArrayList<>();
    byGroup.forEach(
        (group, bundles) ->
            shares.add(new GroupShare(group, subscribers.apply(group.id()), bundles)));
    return new NodeState(view, shares);
  }

  /** Returns all that the node holds, as it lies in its ledger under this epoch. */
  List<Holding> holdings(Epoch epoch) {
    List<Holding> holdings = new ArrayList<>();
    for (GroupShare share : groups) {
      share.bundles().forEach(bundle -> holdings.add(bundle.holding(share.group(), epoch)));
    }
    return holdings;
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

    private static HeldBundle of(Holding holding, List<Child> children) {
      return new HeldBundle(
          holding.bundleIndex(),
          holding.phase(),
          holding.attempt(),
          holding.deviceIndexes(),
          children);
    }

    private Holding holding(PlacementGroupSpec group, Epoch epoch) {
      return new Holding(group, bundleIndex, epoch, attempt, deviceIndexes, phase);
    }
  }

  /** An actor that runs in a bundle, and what it was started with. */
  public record Child(String name, LaunchSpec spec, ActorRef<Object> actor) {}
}
