package io.phalanx.placement;

import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/** The one actor of the cluster that decides which bundle lies on which node. */
public final class PlacementGroupManager {

  private PlacementGroupManager() {}

  /** What the manager can be asked. */
  public sealed interface Command {}

  /**
   * Asks for a group. May be repeated: the same group is not placed twice, its state is told again,
   * and events go to the latest subscriber.
   */
  public record Create(PlacementGroupSpec spec, ActorRef<GroupEvent> subscriber)
      implements Command, WireMessage {}

  /**
   * Frees all that the group holds, at whatever point it is; the actors in its bundles are stopped.
   * Answered by {@link GroupEvent.GroupRemoved} once all is free, also if there is no such group.
   */
  public record Remove(String groupId, ActorRef<GroupEvent> replyTo)
      implements Command, WireMessage {}

  /** Asks for all nodes and groups. */
  public record Describe(ActorRef<Groups> replyTo) implements Command, WireMessage {}

  /** Asks where a group would go, without reserving anything. */
  public record Plan(PlacementGroupSpec spec, ClusterChange change, ActorRef<PlanResult> replyTo)
      implements Command, WireMessage {}

  /**
   * The answer to {@link Describe}.
   *
   * @param nodes by address
   * @param groups in the order in which they were asked for
   */
  public record Groups(List<NodeView> nodes, List<GroupView> groups) implements WireMessage {

    /** Copies the lists. */
    public Groups {
      nodes = List.copyOf(nodes);
      groups = List.copyOf(groups);
    }
  }
}
