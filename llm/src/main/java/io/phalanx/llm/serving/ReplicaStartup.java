package io.phalanx.llm.serving;

import io.phalanx.llm.serving.RankAssigner.RankSeat;
import io.phalanx.placement.BundleId;
import io.phalanx.placement.NodeAgent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.DispatcherSelector;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/**
 * A {@link Replica} until all its ranks have loaded: it launches the workers, tells them their
 * groups once all have the model's files, and waits for their weights.
 */
final class ReplicaStartup extends AbstractBehavior<Replica.Command> {
  private static final Duration LAUNCH_RETRY = Duration.ofSeconds(5);

  private record LaunchAnswered(int rank, NodeAgent.LaunchReply reply)
      implements Replica.Internal {}

  /** A worker has ended. */
  record WorkerLost(int rank) implements Replica.Internal {}

  private record ModelLoaded(ReplicaModel model) implements Replica.Internal {}

  private record ModelFailed(Throwable failure) implements Replica.Internal {}

  private record LaunchAgain() implements Replica.Internal {}

  /** The replica has not become ready in time. */
  record StartTimedOut() implements Replica.Internal {}

  private final TimerScheduler<Replica.Command> timers;
  private final ReplicaSpec spec;
  private final ServingEnvironment environment;
  private final ReplicaRanks ranks;
  private final ReplicaOwner owner;
  private final Set<Integer> unlaunched = new HashSet<>();
  private final ActorRef<NodeAgent.LaunchReply> launchReplies;
  private @Nullable ReplicaModel model;

  ReplicaStartup(
      ActorContext<Replica.Command> context,
      TimerScheduler<Replica.Command> timers,
      ReplicaSpec spec,
      ServingEnvironment environment) {
    super(context);
    this.timers = timers;
    this.spec = spec;
    this.environment = environment;
    this.ranks = new ReplicaRanks(spec, environment.settings());
    this.owner =
        new ReplicaOwner(
            context,
            timers,
            spec,
            announce ->
                DeploymentController.of(context.getSystem(), spec.config().modelId())
                    .tell(announce));
    ranks.seats().forEach(seat -> unlaunched.add(seat.rank()));
    this.launchReplies =
        context.messageAdapter(
            NodeAgent.LaunchReply.class, reply -> new LaunchAnswered(rankOf(reply), reply));
    launchMissing();
    timers.startTimerWithFixedDelay(new LaunchAgain(), LAUNCH_RETRY);
    timers.startSingleTimer(new StartTimedOut(), environment.settings().startTimeout());
    loadModel();
  }

  @Override
  public Receive<Replica.Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(LaunchAnswered.class, this::onLaunchAnswered)
        .onMessage(LaunchAgain.class, this::onLaunchAgain)
        .onMessage(ModelLoaded.class, this::onModelLoaded)
        .onMessage(ModelFailed.class, this::onModelFailed)
        .onMessage(Replica.WorkerPrepared.class, this::onWorkerPrepared)
        .onMessage(Replica.WorkerProgress.class, this::onWorkerProgress)
        .onMessage(Replica.WorkerLoaded.class, this::onWorkerLoaded)
        .onMessage(Replica.WorkerFailed.class, failed -> fail(failed.code(), failed.reason()))
        .onMessage(WorkerLost.class, this::onWorkerLost)
        .onMessage(StartTimedOut.class, this::onStartTimedOut)
        .onMessage(Replica.Generate.class, this::onGenerate)
        .onMessage(Replica.OwnerChange.class, this::onOwnerChange)
        .onMessage(Replica.Drain.class, drain -> fail(ErrorCode.NOT_READY, "stopped by request"))
        .onAnyMessage(any -> this)
        .build();
  }

  private void launchMissing() {
    for (int rank : unlaunched) {
      RankSeat seat = ranks.seats().get(rank);
      String source = spec.config().modelLoadingConfig().modelSource();
      WorkerSpec worker =
          new WorkerSpec(spec.name(), rank, seat.seat(), source, getContext().getSelf());
      BundleId bundle = new BundleId(spec.name(), seat.bundleIndex());
      ranks
          .placement(rank)
          .agent()
          .tell(new NodeAgent.Launch(bundle, "rank-" + rank, worker, launchReplies));
    }
  }

  private static int rankOf(NodeAgent.LaunchReply reply) {
    return Integer.parseInt(reply.name().substring("rank-".length()));
  }

  private void loadModel() {
    Executor blocking =
        getContext().getSystem().dispatchers().lookup(DispatcherSelector.blocking());
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(
                () -> ReplicaModel.load(spec.config(), environment), blocking),
            (loaded, failure) ->
                failure == null ? new ModelLoaded(loaded) : new ModelFailed(failure));
  }

  private Behavior<Replica.Command> onLaunchAnswered(LaunchAnswered answered) {
    if (answered.reply() instanceof NodeAgent.Launched launched) {
      if (unlaunched.remove(answered.rank())) {
        getContext().watchWith(launched.actor(), new WorkerLost(answered.rank()));
      }
      return this;
    }
    NodeAgent.LaunchRefused refused = (NodeAgent.LaunchRefused) answered.reply();
    return fail(refused.code(), "rank " + answered.rank() + ": " + refused.reason());
  }

  private Behavior<Replica.Command> onLaunchAgain(LaunchAgain again) {
    launchMissing();
    return this;
  }

  private Behavior<Replica.Command> onModelLoaded(ModelLoaded loaded) {
    model = loaded.model();
    return serveIfLoaded();
  }

  private Behavior<Replica.Command> onModelFailed(ModelFailed failed) {
    Throwable cause =
        failed.failure() instanceof CompletionException wrapped && wrapped.getCause() != null
            ? wrapped.getCause()
            : failed.failure();
    ErrorCode code =
        cause instanceof ServingException serving ? serving.code() : ErrorCode.INTERNAL;
    return fail(code, String.valueOf(cause.getMessage()));
  }

  private Behavior<Replica.Command> onWorkerPrepared(Replica.WorkerPrepared worker) {
    if (ranks.prepared(worker)) {
      ranks.loadAll();
    }
    return this;
  }

  private Behavior<Replica.Command> onWorkerProgress(Replica.WorkerProgress progress) {
    String text = "rank " + progress.rank() + ": " + progress.text();
    owner.tell(new ReplicaGang.Progress(spec.name(), text));
    return this;
  }

  private Behavior<Replica.Command> onWorkerLoaded(Replica.WorkerLoaded worker) {
    ranks.loaded(worker);
    return serveIfLoaded();
  }

  private Behavior<Replica.Command> serveIfLoaded() {
    ReplicaModel loaded = model;
    if (!ranks.isLoaded() || loaded == null) {
      return this;
    }
    timers.cancel(new LaunchAgain());
    try {
      return new ReplicaServing(
          getContext(), timers, spec, environment.settings(), ranks, loaded, owner);
    } catch (ServingException e) {
      loaded.tokenizer().close();
      return fail(e.code(), e.reason());
    }
  }

  private Behavior<Replica.Command> onWorkerLost(WorkerLost lost) {
    String address = ranks.placement(lost.rank()).address();
    return fail(ErrorCode.REPLICA_FAILED, "rank " + lost.rank() + " on " + address + " ended");
  }

  private Behavior<Replica.Command> onStartTimedOut(StartTimedOut timeout) {
    return fail(
        ErrorCode.TIMEOUT,
        "not ready within phalanx.serving.start-timeout, "
            + environment.settings().startTimeout().toMillis()
            + " ms; raise it if the model needs longer");
  }

  private Behavior<Replica.Command> onGenerate(Replica.Generate generate) {
    generate
        .ingress()
        .tell(
            new Replica.RequestFailed(
                getContext().getSelf(),
                generate.request().requestId(),
                ErrorCode.NOT_READY,
                "The replica is still starting.",
                Optional.empty()));
    return this;
  }

  private Behavior<Replica.Command> onOwnerChange(Replica.OwnerChange change) {
    owner.on(change);
    return this;
  }

  private Behavior<Replica.Command> fail(ErrorCode code, String reason) {
    getContext().getLog().debug("Replica [{}] failed to start: {}", spec.name(), reason);
    owner.tell(new ReplicaGang.Failed(spec.name(), code, reason));
    ranks.haltAll(reason);
    return Behaviors.stopped();
  }
}
