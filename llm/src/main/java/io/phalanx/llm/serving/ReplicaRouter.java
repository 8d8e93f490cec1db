package io.phalanx.llm.serving;

import io.phalanx.llm.DeploymentConfig;
import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.RequestRouterConfig;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.routing.AdmissionLimits;
import io.phalanx.llm.routing.ReplicaPicker;
import io.phalanx.llm.routing.ReplicaPickers;
import io.phalanx.llm.routing.RequestAdmission;
import io.phalanx.runtime.error.ErrorCode;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;

/**
 * One ingress's way to the replicas of one model: it sends each request to a replica or lets it
 * wait, hands events to the requests' streams in order, asks for events that were lost on the way,
 * and ends what takes longer than it may.
 */
public final class ReplicaRouter extends AbstractBehavior<ReplicaRouter.Command> {
  private static final Duration TICK = Duration.ofSeconds(1);

  /** What a router can be told. */
  public sealed interface Command permits Local, Replica.ToIngress {}

  /** What only this node tells the router. */
  sealed interface Local extends Command {}

  /**
   * A stream has started and wants this sequence.
   *
   * @param deadlineNanos until when it may take, by {@link System#nanoTime}, as another router has
   *     found; empty: as its terms and the configuration say
   */
  record Open(GenerationRequest request, TokenSink sink, OptionalLong deadlineNanos)
      implements Local {

    /** Creates that of a request which no router has seen yet. */
    Open(GenerationRequest request, TokenSink sink) {
      this(request, sink, OptionalLong.empty());
    }

    private Optional<Duration> timeLeft(DeploymentConfig config) {
      return deadlineNanos.isPresent()
          ? Optional.of(Duration.ofNanos(deadlineNanos.getAsLong() - System.nanoTime()))
          : config.timeout(request.terms());
    }
  }

  /** A stream has ended before its sequence. */
  record Cancel(String requestId, TokenSink sink) implements Local {}

  /** Requests are held to the limits of this configuration from now on. */
  record Reconfigure(LlmConfig config) implements Local {}

  /**
   * The version has no replicas any more: takes nothing new and ends after the streams that run.
   *
   * @param next the router of the version that takes what waits or comes late; none if that fails
   */
  record Close(Optional<ActorRef<Command>> next) implements Local {}

  private record Listed(Set<ActorRef<Replica.Command>> replicas) implements Local {}

  private record ReplicaLost(ActorRef<Replica.Command> replica) implements Local {}

  private record Tick() implements Local {}

  private record DeadlinePassed() implements Local {}

  private final TimerScheduler<Command> timers;
  private final ServingSettings settings;
  private final RequestAdmission<ActorRef<Replica.Command>, RoutedStream> admission;
  private final RouterReplicas replicas;
  private final IngressBacklogReporter backlog;
  private final RoutedStreams streams;
  private LlmConfig config;
  private RouterErrors errors;
  private Optional<ActorRef<Command>> next = Optional.empty();
  private boolean closing;

  /**
   * Creates the router of a version of a model.
   *
   * @param listener hears what the router sees
   * @param controller is told of requests that wait
   */
  static Behavior<Command> create(
      LlmConfig config,
      String versionId,
      ServingSettings settings,
      RouterListener listener,
      Consumer<DeploymentController.IngressBacklog> controller) {
    ServiceKey<Replica.Command> replicas = Replica.serviceKey(config.modelId(), versionId);
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  LostRequests.answer(context.getSystem());
                  ActorRef<Receptionist.Listing> listings =
                      context.messageAdapter(
                          Receptionist.Listing.class,
                          listing -> new Listed(listing.getServiceInstances(replicas)));
                  context
                      .getSystem()
                      .receptionist()
                      .tell(Receptionist.subscribe(replicas, listings));
                  timers.startTimerWithFixedDelay(new Tick(), TICK);
                  return new ReplicaRouter(context, timers, config, settings, listener, controller);
                }));
  }

  private ReplicaRouter(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      LlmConfig config,
      ServingSettings settings,
      RouterListener listener,
      Consumer<DeploymentController.IngressBacklog> controller) {
    super(context);
    this.timers = timers;
    this.config = config;
    this.errors = new RouterErrors(config);
    this.settings = settings;
    this.backlog = new IngressBacklogReporter(context.getSelf(), controller);
    this.admission =
        new RequestAdmission<>(AdmissionLimits.of(config), picker(context.getSystem(), config));
    this.replicas = new RouterReplicas(context, admission, listener, ReplicaLost::new);
    this.streams = new RoutedStreams(context.getSelf().narrow(), admission, backlog);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Replica.Tokens.class, this::onTokens)
        .onMessage(Open.class, this::onOpen)
        .onMessage(Cancel.class, this::onCancel)
        .onMessage(Reconfigure.class, this::onReconfigure)
        .onMessage(Close.class, this::onClose)
        .onMessage(Replica.RequestFailed.class, this::onRequestFailed)
        .onMessage(Replica.StillRunning.class, this::onStillRunning)
        .onMessage(Replica.BacklogReport.class, this::onBacklogReport)
        .onMessage(Listed.class, this::onListed)
        .onMessage(ReplicaLost.class, this::onReplicaLost)
        .onMessage(Tick.class, this::onTick)
        .onMessage(DeadlinePassed.class, this::onDeadlinePassed)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private static ReplicaPicker<ActorRef<Replica.Command>> picker(
      ActorSystem<?> system, LlmConfig config) {
    ActorRefResolver names = ActorRefResolver.get(system);
    return ReplicaPickers.of(config, RandomGenerator.getDefault(), names::toSerializationFormat);
  }

  private Behavior<Command> onTokens(Replica.Tokens tokens) {
    streams.deliver(tokens);
    return stopIfDone();
  }

  private Behavior<Command> stopIfDone() {
    return closing && streams.isEmpty() ? Behaviors.stopped() : this;
  }

  private Behavior<Command> onOpen(Open open) {
    if (streams.contains(open.request().requestId())) {
      open.sink().fail(errors.idInUse(open.request().requestId()));
    } else if (closing && next.isPresent()) {
      handOver(open, next.get());
    } else if (closing) {
      open.sink().fail(errors.deleted());
    } else if (replicas.hadNone() && !config.deploymentConfig().autoscaling().scalesToZero()) {
      open.sink().fail(errors.notReady());
    } else {
      streams.open(open, open.timeLeft(config.deploymentConfig()));
      awaitDeadline();
    }
    return this;
  }

  private static void handOver(Open open, ActorRef<Command> router) {
    router.tell(open);
    open.sink().movedTo(router);
  }

  /** Lets nothing wait here any more. */
  private void leaveWaiting() {
    next.ifPresent(router -> streams.moveWaiting(open -> handOver(open, router)));
    streams.dropWaiting(errors.notReady());
  }

  private void awaitDeadline() {
    streams
        .nanosToNextDeadline()
        .ifPresent(nanos -> timers.startSingleTimer(new DeadlinePassed(), Duration.ofNanos(nanos)));
  }

  private Behavior<Command> onDeadlinePassed(DeadlinePassed passed) {
    streams.endLate(errors);
    awaitDeadline();
    return stopIfDone();
  }

  private Behavior<Command> onCancel(Cancel cancel) {
    streams.cancel(cancel);
    return stopIfDone();
  }

  private Behavior<Command> onReconfigure(Reconfigure reconfigure) {
    RequestRouterConfig before = config.deploymentConfig().requestRouter();
    config = reconfigure.config();
    if (!config.deploymentConfig().requestRouter().equals(before)) {
      admission.picker(picker(getContext().getSystem(), config));
    }
    errors = new RouterErrors(config);
    admission.limits(AdmissionLimits.of(config));
    streams.sendWaiting();
    return this;
  }

  private Behavior<Command> onClose(Close close) {
    closing = true;
    next = close.next();
    leaveWaiting();
    return stopIfDone();
  }

  private Behavior<Command> onRequestFailed(Replica.RequestFailed failed) {
    if (failed.code() == ErrorCode.NOT_READY) {
      replicas.forget(failed.replica());
    }
    streams.failed(failed);
    if (closing) {
      leaveWaiting();
    }
    return stopIfDone();
  }

  private Behavior<Command> onStillRunning(Replica.StillRunning running) {
    RoutedStream stream = streams.find(running.replica(), running.requestId());
    if (stream != null) {
      stream.heard(System.nanoTime());
    }
    return this;
  }

  private Behavior<Command> onBacklogReport(Replica.BacklogReport report) {
    replicas.report(report);
    streams.sendWaiting();
    return this;
  }

  private Behavior<Command> onListed(Listed listed) {
    replicas.list(listed.replicas());
    streams.sendWaiting();
    return this;
  }

  private Behavior<Command> onReplicaLost(ReplicaLost lost) {
    replicas.lose(lost.replica());
    streams.lose(lost.replica(), errors.replicaLost());
    if (closing) {
      leaveWaiting();
    }
    return stopIfDone();
  }

  private Behavior<Command> onTick(Tick tick) {
    streams.askTheSilent(settings.resendAfter(), errors.silent());
    streams.endWaitForReplica(settings.waitForReplica(), errors.notReady());
    backlog.repeat();
    return stopIfDone();
  }

  private Behavior<Command> onPostStop() {
    streams.dropAll(errors.notReady());
    replicas.end();
    return this;
  }
}
