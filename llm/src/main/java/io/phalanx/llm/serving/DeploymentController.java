package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityContext;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityRef;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;

/**
 * The keeper of one deployed model: it carries out what {@link DeploymentLife} decides. One in the
 * cluster for each model id, as a sharded entity.
 *
 * <p>What the deployment is to be outlives it: a controller reads that first, lets replicas that
 * run announce themselves, adopts them, gives back groups that none of them has claimed, and only
 * then starts what is missing.
 */
public final class DeploymentController {
  /** The type of the entity whose id is the model id. */
  public static final EntityTypeKey<Command> ENTITY_KEY =
      EntityTypeKey.create(Command.class, "phalanx-deployment");

  /** Under which ingresses find every deployment. */
  public static final ServiceKey<Command> SERVICE_KEY =
      ServiceKey.create(Command.class, "phalanx-deployment");

  /** What a deployment can be asked. */
  public sealed interface Command {}

  /**
   * Serves a model, or updates it: counts, limits and delays change at once; any other change rolls
   * over the replicas. Repeating the same changes nothing.
   */
  public record Deploy(LlmConfig config, ActorRef<DeployReply> replyTo)
      implements Command, WireMessage {}

  /**
   * Aims at this number of replicas (under data parallelism: gangs) until autoscaling decides
   * otherwise; {@link Refused} with the bounds if it is not from min-replicas to max-replicas.
   */
  public record Scale(int replicas, ActorRef<DeployReply> replyTo)
      implements Command, WireMessage {}

  /**
   * A router has requests that it cannot send to any replica; they count as backlog for five
   * seconds, so it is repeated while they wait.
   *
   * @param router tells its requests from those of other ingresses
   * @param waitingRequests how many wait now; 0 as soon as none does
   */
  public record IngressBacklog(ActorRef<ReplicaRouter.Command> router, int waitingRequests)
      implements Command, WireMessage {}

  /** Starts the entity of a deployment whose node was lost; one that runs ignores it. */
  public record Wake() implements Command, WireMessage {}

  /** A replica runs that nobody answers for; repeated until it is adopted. */
  record Announce(
      ReplicaSpec spec,
      ActorRef<Replica.Command> replica,
      Optional<ReplicaGang.Ready> ready,
      boolean draining)
      implements Command, WireMessage {}

  /** Stops serving: replicas finish their requests and give back what they hold. */
  public record Delete(ActorRef<DeployReply> replyTo) implements Command, WireMessage {}

  /** Asks for the status; {@link NotDeployed} if there is none. */
  public record Describe(ActorRef<DeployReply> replyTo) implements Command, WireMessage {}

  /** Asks for the status, now and whenever it changes. */
  public record Watch(ActorRef<DeployReply> watcher) implements Command, WireMessage {}

  /** Asks to be told what is deployed, now and whenever that changes. */
  public record Follow(ActorRef<IngressModels.Command> ingress) implements Command, WireMessage {}

  /** An ingress sends no request any more. */
  public record Forgotten(ActorRef<IngressModels.Command> ingress)
      implements Command, WireMessage {}

  /** What a controller tells itself. */
  non-sealed interface Own extends Command {}

  /** A watcher has ended. */
  record WatcherLost(ActorRef<DeployReply> watcher) implements Own {}

  /** What the shard sends at the end. */
  record End() implements Own {}

  /** The answer to a {@link Command}. */
  public sealed interface DeployReply extends WireMessage {}

  /** The model is deployed; its replicas may still be starting. */
  public record Deployed(DeploymentStatus status) implements DeployReply {}

  /** The command was not carried out. */
  public record Refused(String reason) implements DeployReply {}

  /** No model of this id is deployed (any more). */
  public record NotDeployed(String modelId) implements DeployReply {}

  /** What an entity needs of its shard. */
  interface Shard {

    /** Holds back what comes for the entity and sends it {@link End}. */
    void passivate(ActorRef<Command> entity);

    /** Sends the next entity of this id what came too late for this one. */
    void again(Command command);
  }

  private DeploymentController() {}

  /**
   * Starts the sharding of deployments on this node; on nodes without control it only sends.
   *
   * @param manager where this node sends what concerns placement groups
   */
  public static void init(ActorSystem<?> system, ActorRef<PlacementGroupManager.Command> manager) {
    ServingSettings settings = ServingSettings.of(system.settings().config());
    DeploymentRecords records = new ReplicatedRecords(system);
    ClusterSharding.get(system)
        .init(
            Entity.of(
                    ENTITY_KEY,
                    entity ->
                        create(
                            entity.getEntityId(),
                            settings,
                            manager,
                            records,
                            new EntityShard(system, entity)))
                .withStopMessage(new End())
                .withRole(NodeRole.CONTROL.configName()));
  }

  /** Returns the deployment of a model, which need not exist yet; after {@link #init}. */
  public static EntityRef<Command> of(ActorSystem<?> system, String modelId) {
    return ClusterSharding.get(system).entityRefFor(ENTITY_KEY, modelId);
  }

  /** Creates the controller of a model, which begins with its record. */
  static Behavior<Command> create(
      String modelId,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager,
      DeploymentRecords records,
      Shard shard) {
    return DeploymentLoading.create(
        modelId,
        records,
        record -> DeploymentRunning.create(modelId, settings, manager, records, shard, record));
  }

  private record EntityShard(ActorSystem<?> system, EntityContext<Command> entity)
      implements Shard {
    @Override
    public void passivate(ActorRef<Command> self) {
      entity.getShard().tell(new ClusterSharding.Passivate<>(self));
    }

    @Override
    public void again(Command command) {
      of(system, entity.getEntityId()).tell(command);
    }
  }
}
