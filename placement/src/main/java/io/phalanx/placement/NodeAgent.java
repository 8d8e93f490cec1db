package io.phalanx.placement;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/** The keeper of one node's resources and the parent of all that runs in its bundles. */
public final class NodeAgent {

  /** Under which the agents of all nodes are found. */
  public static final ServiceKey<Command> SERVICE_KEY =
      ServiceKey.create(Command.class, "phalanx-node-agent");

  private NodeAgent() {}

  /** What a node agent can be asked. */
  public sealed interface Command {}

  /** Binds the node to the manager of this epoch: lesser epochs are refused from now on. */
  public record Promise(Epoch epoch, ActorRef<Reply> replyTo) implements Command, WireMessage {}

  /**
   * Holds some bundles of a group, all or none, until committed, released or timed out.
   *
   * @param epoch the manager's
   * @param attempt counts the manager's attempts; a lesser one than was released is refused
   * @param group the whole group
   * @param subscriber whom the group's events go to; kept for a later manager
   * @param devicesOfBundle bundle index to the devices that it is to hold, or share
   * @param commit whether to commit at once, since no other node is concerned
   * @param replyTo gets {@link Held} or {@link Refused}
   */
  public record Prepare(
      Epoch epoch,
      long attempt,
      PlacementGroupSpec group,
      ActorRef<GroupEvent> subscriber,
      Map<Integer, List<Integer>> devicesOfBundle,
      boolean commit,
      ActorRef<Reply> replyTo)
      implements Command, WireMessage {

    /** Copies the map. */
    public Prepare {
      devicesOfBundle = Map.copyOf(devicesOfBundle);
    }
  }

  /** Makes all that was prepared in this attempt permanent; {@link Held} or {@link Refused}. */
  public record Commit(Epoch epoch, long attempt, String groupId, ActorRef<Reply> replyTo)
      implements Command, WireMessage {}

  /**
   * Stops what runs in these bundles, then frees them.
   *
   * @param epoch the manager's
   * @param attempt frees what this attempt or an earlier one reserved, and fences those
   * @param groupId the group
   * @param bundles bundle indexes; empty: all of the group
   * @param replyTo gets {@link Released} once all is free, or {@link Refused}
   */
  public record Release(
      Epoch epoch, long attempt, String groupId, Set<Integer> bundles, ActorRef<Reply> replyTo)
      implements Command, WireMessage {

    /** Copies the set. */
    public Release {
      bundles = Set.copyOf(bundles);
    }
  }

  /**
   * Starts an actor in a committed bundle. May be repeated: while the actor lives, the same name
   * and spec get the same actor.
   *
   * @param bundle the bundle
   * @param name unique in the bundle
   * @param spec what the node's {@link WorkerLauncher} is to start
   * @param replyTo gets {@link Launched} or {@link LaunchRefused}
   */
  public record Launch(BundleId bundle, String name, LaunchSpec spec, ActorRef<LaunchReply> replyTo)
      implements Command, WireMessage {}

  /** Stops an actor that was started in a bundle; unknown ones are ignored. */
  public record Stop(BundleId bundle, String name) implements Command, WireMessage {}

  /** Asks for the node's ledger and what runs in its bundles. */
  public record Describe(ActorRef<NodeState> replyTo) implements Command, WireMessage {}

  /** The answer to a manager; names the node and the request that it answers. */
  public sealed interface Reply extends WireMessage {

    /** Returns the id of the node that answers. */
    String nodeId();

    /** Returns the epoch of the request. */
    Epoch epoch();
  }

  /** The node obeys this epoch; {@code state} is all that it holds. */
  public record Promised(String nodeId, Epoch epoch, NodeState state) implements Reply {}

  /** The bundles of this attempt are in {@code phase}. */
  public record Held(String nodeId, Epoch epoch, String groupId, long attempt, BundlePhase phase)
      implements Reply {}

  /** What the {@link Release} named is free. */
  public record Released(String nodeId, Epoch epoch, String groupId, long attempt)
      implements Reply {}

  /**
   * Nothing changed.
   *
   * @param nodeId the node
   * @param epoch the epoch of the request
   * @param groupId the group concerned; "" if the request was a {@link Promise}
   * @param attempt the attempt concerned; 0 if the request was a {@link Promise}
   * @param code says whether another node or a retry may help
   * @param reason in words
   * @param promised the epoch that the node obeys
   */
  public record Refused(
      String nodeId,
      Epoch epoch,
      String groupId,
      long attempt,
      ErrorCode code,
      String reason,
      Epoch promised)
      implements Reply {}

  /** The answer to a {@link Launch}. */
  public sealed interface LaunchReply extends WireMessage {

    /** Returns the bundle of the request. */
    BundleId bundle();

    /** Returns the name of the request. */
    String name();
  }

  /** The actor runs; {@code actor.narrow()} gives it the type of its messages. */
  public record Launched(BundleId bundle, String name, ActorRef<Object> actor)
      implements LaunchReply {}

  /** No actor was started. */
  public record LaunchRefused(BundleId bundle, String name, ErrorCode code, String reason)
      implements LaunchReply {}
}
