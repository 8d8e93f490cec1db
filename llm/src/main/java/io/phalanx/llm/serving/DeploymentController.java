package io.phalanx.llm.serving;

import io.phalanx.llm.AutoscalingConfig;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.ReplicaBundles;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.serialization.WireMessage;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.apache.pekko.cluster.sharding.typed.javadsl.ClusterSharding;
import org.apache.pekko.cluster.sharding.typed.javadsl.Entity;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityRef;
import org.apache.pekko.cluster.sharding.typed.javadsl.EntityTypeKey;
import org.jspecify.annotations.Nullable;

/**
 * The keeper of one deployed model: how many replicas (gangs) it should have, and those that it
 * has. One in the cluster for each model id, as a sharded entity.
 */
public final class DeploymentController extends AbstractBehavior<DeploymentController.Command> {
  /** The type of the entity whose id is the model id. */
  public static final EntityTypeKey<Command> ENTITY_KEY =
      EntityTypeKey.create(Command.class, "phalanx-deployment");

  /** Under which ingresses find every deployment. */
  public static final ServiceKey<Command> SERVICE_KEY =
      ServiceKey.create(Command.class, "phalanx-deployment");

  /** What a deployment can be asked. */
  public sealed interface Command {}

  /** Serves a model. Repeating the same changes nothing; another configuration is refused. */
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

  /** Stops serving: replicas finish their requests and give back what they hold. */
  public record Delete(ActorRef<DeployReply> replyTo) implements Command, WireMessage {}

  /** Asks for the status; {@link NotDeployed} if there is none. */
  public record Describe(ActorRef<DeployReply> replyTo) implements Command, WireMessage {}

  /** Asks for the status, now and whenever it changes. */
  public record Watch(ActorRef<DeployReply> watcher) implements Command, WireMessage {}

  /** Asks to be told what is deployed, now and when it is deleted. */
  public record Follow(ActorRef<IngressModels.Command> ingress) implements Command, WireMessage {}

  /** An ingress sends no request any more. */
  public record Forgotten(ActorRef<IngressModels.Command> ingress)
      implements Command, WireMessage {}

  private record GangChanged(int ordinal, List<ReplicaStatus> replicas) implements Command {}

  private record GangFailed(ErrorCode code, String reason) implements Command {}

  private record GangEnded(int ordinal) implements Command {}

  private record WatcherLost(ActorRef<DeployReply> watcher) implements Command {}

  private record Tick() implements Command {}

  /** What the shard sends at the end. */
  record End() implements Command {}

  /** The answer to a {@link Command}. */
  public sealed interface DeployReply extends WireMessage {}

  /** The model is deployed; its replicas may still be starting. */
  public record Deployed(DeploymentStatus status) implements DeployReply {}

  /** The command was not carried out. */
  public record Refused(String reason) implements DeployReply {}

  /** No model of this id is deployed (any more). */
  public record NotDeployed(String modelId) implements DeployReply {}

  private final String modelId;
  private final ServingSettings settings;
  private final ActorRef<PlacementGroupManager.Command> manager;
  private final GangTable<ActorRef<ReplicaGang.Command>> gangs = new GangTable<>();
  private final Set<ActorRef<IngressModels.Command>> followers = new HashSet<>();
  private final Set<ActorRef<DeployReply>> watchers = new HashSet<>();
  private final List<ActorRef<DeployReply>> deleters = new ArrayList<>();
  private final IngressBacklogs<ActorRef<ReplicaRouter.Command>> ingressBacklogs =
      new IngressBacklogs<>();
  private final DeploymentScaling scaling = new DeploymentScaling();
  private final Clock clock = Clock.systemUTC();
  private @Nullable LlmConfig config;
  private StartAttempts attempts = new StartAttempts(1);
  private @Nullable DeployReply published;
  private long createdEpochSeconds;

  private final Consumer<ActorRef<Command>> passivate;

  /** Tells this deployment from an earlier one of the same model. */
  private String deploymentId = "";

  private int target;

  /**
   * Starts the sharding of deployments on this node; on nodes without control it only sends.
   *
   * @param manager where this node sends what concerns placement groups
   */
  public static void init(ActorSystem<?> system, ActorRef<PlacementGroupManager.Command> manager) {
    ServingSettings settings = ServingSettings.of(system.settings().config());
    ClusterSharding.get(system)
        .init(
            Entity.of(
                    ENTITY_KEY,
                    entity ->
                        create(
                            entity.getEntityId(),
                            settings,
                            manager,
                            self -> entity.getShard().tell(new ClusterSharding.Passivate<>(self))))
                .withStopMessage(new End())
                .withRole(NodeRole.CONTROL.configName()));
  }

  /** Returns the deployment of a model, which need not exist yet; after {@link #init}. */
  public static EntityRef<Command> of(ActorSystem<?> system, String modelId) {
    return ClusterSharding.get(system).entityRefFor(ENTITY_KEY, modelId);
  }

  /**
   * Creates the controller of a model that is not deployed yet.
   *
   * @param passivate asks the shard to hold back what comes for this entity and to send it {@link
   *     End}, so that a deployment that follows a deletion at once is not lost
   */
  static Behavior<Command> create(
      String modelId,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager,
      Consumer<ActorRef<Command>> passivate) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(new Tick(), settings.autoscalingInterval());
                  return new DeploymentController(context, modelId, settings, manager, passivate);
                }));
  }

  private DeploymentController(
      ActorContext<Command> context,
      String modelId,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager,
      Consumer<ActorRef<Command>> passivate) {
    super(context);
    context.setLoggerName(DeploymentController.class);
    this.modelId = modelId;
    this.settings = settings;
    this.manager = manager;
    this.passivate = passivate;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Deploy.class, this::onDeploy)
        .onMessage(Scale.class, this::onScale)
        .onMessage(IngressBacklog.class, this::onIngressBacklog)
        .onMessage(Wake.class, wake -> this)
        .onMessage(Delete.class, this::onDelete)
        .onMessage(Describe.class, this::onDescribe)
        .onMessage(Watch.class, this::onWatch)
        .onMessage(WatcherLost.class, this::onWatcherLost)
        .onMessage(Follow.class, this::onFollow)
        .onMessage(Forgotten.class, this::onForgotten)
        .onMessage(GangChanged.class, this::onGangChanged)
        .onMessage(GangFailed.class, this::onGangFailed)
        .onMessage(GangEnded.class, this::onGangEnded)
        .onMessage(Tick.class, this::onTick)
        .onMessage(End.class, this::onEnd)
        .build();
  }

  private Behavior<Command> onDeploy(Deploy deploy) {
    if (!deleters.isEmpty()) {
      deploy.replyTo().tell(new Refused("Model [" + modelId + "] is being deleted; try later."));
      return this;
    }
    LlmConfig current = config;
    if (current == null || attempts.failure().isPresent()) {
      start(deploy.config());
    } else if (!current.equals(deploy.config())) {
      deploy
          .replyTo()
          .tell(new Refused("Model [" + modelId + "] is deployed otherwise; delete it first."));
      return this;
    }
    deploy.replyTo().tell(describe());
    return this;
  }

  private void start(LlmConfig wanted) {
    config = wanted;
    scaling.update(wanted);
    createdEpochSeconds = clock.instant().getEpochSecond();
    deploymentId = UUID.randomUUID().toString();
    target = wanted.deploymentConfig().autoscaling().startReplicas();
    attempts = new StartAttempts(target);
    PlacementStrategy used = ReplicaBundles.strategy(wanted);
    if (used != wanted.placementGroupConfig().strategy()) {
      getContext()
          .getLog()
          .info("Model [{}] is data parallel: its strategy becomes [{}]", modelId, used);
    }
    getContext()
        .getSystem()
        .receptionist()
        .tell(Receptionist.register(SERVICE_KEY, getContext().getSelf()));
    reconcile(wanted);
  }

  private void reconcile(LlmConfig wanted) {
    gangs.stopSurplus(target).forEach(gang -> gang.tell(new ReplicaGang.Stop()));
    gangs.missing(target).forEach(ordinal -> spawn(wanted, ordinal));
    publish();
  }

  private void spawn(LlmConfig wanted, int ordinal) {
    ActorRef<Command> self = getContext().getSelf();
    ReplicaGang.Listener listener =
        new ReplicaGang.Listener() {
          @Override
          public void onChange(int changed, List<ReplicaStatus> replicas) {
            self.tell(new GangChanged(changed, replicas));
          }

          @Override
          public void onFailure(ErrorCode code, String reason) {
            self.tell(new GangFailed(code, reason));
          }
        };
    ActorRef<ReplicaGang.Command> gang =
        getContext()
            .spawnAnonymous(
                ReplicaGang.create(wanted, deploymentId, ordinal, settings, manager, listener));
    gangs.add(ordinal, gang);
    getContext().watchWith(gang, new GangEnded(ordinal));
  }

  private Behavior<Command> onScale(Scale scale) {
    LlmConfig current = config;
    if (current == null || !deleters.isEmpty()) {
      scale.replyTo().tell(new NotDeployed(modelId));
      return this;
    }
    AutoscalingConfig bounds = current.deploymentConfig().autoscaling();
    if (scale.replicas() < bounds.minReplicas() || scale.replicas() > bounds.maxReplicas()) {
      scale.replyTo().tell(new Refused(outOfBounds(scale.replicas(), bounds)));
      return this;
    }
    aimAt(current, scaling.askedFor(scalingInput(System.nanoTime()), scale.replicas()));
    scale.replyTo().tell(describe());
    return this;
  }

  private String outOfBounds(int replicas, AutoscalingConfig bounds) {
    return String.format(
        "Model [%s] cannot have [%d] replicas: min-replicas is %d and max-replicas is %d; deploy it"
            + " with other bounds.",
        modelId, replicas, bounds.minReplicas(), bounds.maxReplicas());
  }

  private Behavior<Command> onIngressBacklog(IngressBacklog backlog) {
    ingressBacklogs.report(backlog.router(), backlog.waitingRequests(), System.nanoTime());
    return this;
  }

  private Behavior<Command> onGangChanged(GangChanged changed) {
    gangs.update(changed.ordinal(), changed.replicas());
    if (gangs.ready() > 0) {
      attempts.succeed();
    }
    publish();
    return this;
  }

  private Behavior<Command> onGangFailed(GangFailed failed) {
    if (attempts.failure().isEmpty()) {
      attempts.fail(failed.code(), failed.reason());
      attempts.failure().ifPresent(this::giveUp);
    }
    return this;
  }

  private void giveUp(DeploymentFailure failure) {
    getContext().getLog().error("Model [{}] is given up: {}", modelId, failure.reason());
    gangs.stopSurplus(0).forEach(gang -> gang.tell(new ReplicaGang.Stop()));
    publish();
  }

  private Behavior<Command> onGangEnded(GangEnded ended) {
    gangs.remove(ended.ordinal());
    LlmConfig wanted = config;
    if (!deleters.isEmpty()) {
      return deleteIfForgotten();
    }
    if (wanted != null && attempts.failure().isEmpty()) {
      reconcile(wanted);
    }
    publish();
    return this;
  }

  private Behavior<Command> onTick(Tick tick) {
    LlmConfig wanted = config;
    if (!deleters.isEmpty()) {
      askToForget();
      return this;
    }
    if (wanted != null) {
      long now = System.nanoTime();
      ScalingDecision decision = scaling.decide(now, scalingInput(now));
      if (decision.isChange()) {
        aimAt(wanted, decision);
      }
    }
    return this;
  }

  private ScalingInput scalingInput(long nowNanos) {
    int ready = gangs.ready();
    return new ScalingInput(
        clock.millis(),
        ready,
        Math.max(0, target - ready),
        target,
        ingressBacklogs.total(nowNanos),
        gangs.backlog());
  }

  private void aimAt(LlmConfig wanted, ScalingDecision decision) {
    getContext()
        .getLog()
        .info(
            "Model [{}] goes from [{}] to [{}] replicas: {}",
            modelId,
            target,
            decision.applied(),
            decision.reason().text());
    target = decision.applied();
    reconcile(wanted);
  }

  private Behavior<Command> onDescribe(Describe describe) {
    describe.replyTo().tell(describe());
    return this;
  }

  private DeployReply describe() {
    LlmConfig current = config;
    if (current == null) {
      return new NotDeployed(modelId);
    }
    return new Deployed(
        new DeploymentStatus(
            current,
            state(),
            attempts.failure(),
            createdEpochSeconds,
            target,
            gangs.replicas(),
            scaling.decisions()));
  }

  private DeploymentState state() {
    if (attempts.failure().isPresent()) {
      return DeploymentState.DEPLOY_FAILED;
    }
    if (gangs.ready() > 0) {
      return DeploymentState.HEALTHY;
    }
    return attempts.hasSucceeded() ? DeploymentState.UNHEALTHY : DeploymentState.UPDATING;
  }

  private Behavior<Command> onWatch(Watch watch) {
    if (watchers.add(watch.watcher())) {
      getContext().watchWith(watch.watcher(), new WatcherLost(watch.watcher()));
    }
    watch.watcher().tell(describe());
    return this;
  }

  private Behavior<Command> onWatcherLost(WatcherLost lost) {
    watchers.remove(lost.watcher());
    return this;
  }

  private void publish() {
    if (watchers.isEmpty()) {
      return;
    }
    DeployReply status = describe();
    if (!status.equals(published)) {
      published = status;
      watchers.forEach(watcher -> watcher.tell(status));
    }
  }

  private Behavior<Command> onFollow(Follow follow) {
    LlmConfig current = config;
    if (current != null && deleters.isEmpty()) {
      if (followers.add(follow.ingress())) {
        getContext().watchWith(follow.ingress(), new Forgotten(follow.ingress()));
      }
      follow
          .ingress()
          .tell(new IngressModels.ModelDeployed(current, deploymentId, createdEpochSeconds));
    }
    return this;
  }

  /** An ingress has done so, or it is gone. */
  private Behavior<Command> onForgotten(Forgotten forgotten) {
    followers.remove(forgotten.ingress());
    return deleters.isEmpty() ? this : deleteIfForgotten();
  }

  private Behavior<Command> onDelete(Delete delete) {
    deleters.add(delete.replyTo());
    askToForget();
    return deleteIfForgotten();
  }

  /** Repeated until all have answered, since messages between nodes may be lost. */
  private void askToForget() {
    IngressModels.ModelDeleted deleted =
        new IngressModels.ModelDeleted(modelId, getContext().getSelf());
    followers.forEach(ingress -> ingress.tell(deleted));
  }

  /** Replicas stop only after no ingress sends them anything new. */
  private Behavior<Command> deleteIfForgotten() {
    if (!followers.isEmpty()) {
      return this;
    }
    gangs.stopSurplus(0).forEach(gang -> gang.tell(new ReplicaGang.Stop()));
    if (gangs.isEmpty()) {
      passivate.accept(getContext().getSelf());
    }
    return this;
  }

  private Behavior<Command> onEnd(End end) {
    NotDeployed gone = new NotDeployed(modelId);
    deleters.forEach(replyTo -> replyTo.tell(gone));
    watchers.forEach(watcher -> watcher.tell(gone));
    return Behaviors.stopped();
  }
}
