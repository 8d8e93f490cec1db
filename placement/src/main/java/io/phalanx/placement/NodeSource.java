package io.phalanx.placement;

import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;

/** Where a placement group manager learns which nodes there are. */
@FunctionalInterface
interface NodeSource {

  /** Returns the behavior of an actor that tells {@code listener} the nodes at every change. */
  Behavior<?> tell(ActorRef<Nodes> listener);

  /**
   * The nodes at one moment.
   *
   * @param agents the agents of all nodes
   * @param reachable those that can be asked now
   * @param leaving those whose nodes leave the cluster
   * @param workers how many worker nodes the cluster has, those unreachable included
   */
  record Nodes(
      Set<ActorRef<NodeAgent.Command>> agents,
      Set<ActorRef<NodeAgent.Command>> reachable,
      Set<ActorRef<NodeAgent.Command>> leaving,
      int workers) {

    /** Copies the sets. */
    public Nodes {
      agents = Set.copyOf(agents);
      reachable = Set.copyOf(reachable);
      leaving = Set.copyOf(leaving);
    }
  }
}
