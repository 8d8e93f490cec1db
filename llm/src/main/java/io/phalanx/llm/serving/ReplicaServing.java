package io.phalanx.llm.serving;

import io.phalanx.llm.DeploymentConfig;
import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.engine.EngineSettings;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.LlmEngine;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.SamplingParams;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.List;
import java.util.Set;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * A {@link Replica} whose ranks have loaded: it generates one token to see that they compute, then
 * runs the engine's loop (schedule, execute on all ranks, update) until it is drained or a rank
 * fails.
 */
final class ReplicaServing extends AbstractBehavior<Replica.Command> {
  private static final String WARM_UP = "warm-up";

  private record IngressLost(ActorRef<Replica.ToIngress> ingress) implements Replica.Internal {}

  private record Report() implements Replica.Internal {}

  private record DrainTimedOut() implements Replica.Internal {}

  private final TimerScheduler<Replica.Command> timers;
  private final ReplicaSpec spec;
  private final ReplicaRanks ranks;
  private final ReplicaModel model;
  private final ReplicaOwner owner;
  private final LlmEngine engine;
  private DeploymentConfig limits;
  private final int maxModelLength;
  private final ReplicaStreams streams;
  private final ReplicaReports reports;
  private final StepWatch steps;
  private final ReplicaListing listing;
  private boolean ready;
  private boolean draining;

  ReplicaServing(
      ActorContext<Replica.Command> context,
      TimerScheduler<Replica.Command> timers,
      ReplicaSpec spec,
      ServingSettings settings,
      ReplicaRanks ranks,
      ReplicaModel model,
      ReplicaOwner owner) {
    super(context);
    this.timers = timers;
    this.spec = spec;
    this.steps = new StepWatch(settings.stepTimeout());
    this.listing = new ReplicaListing(context.getSystem(), spec);
    this.ranks = ranks;
    this.model = model;
    this.owner = owner;
    this.limits = spec.config().deploymentConfig();
    EngineKwargs kwargs = spec.config().engineKwargs();
    EngineSettings sizes = model.engineSettings(kwargs, ranks.numBlocks());
    this.maxModelLength = sizes.maxModelLength();
    this.engine =
        new LlmEngine(
            sizes,
            Set.copyOf(model.defaults().eosTokenIds()),
            () -> model.tokenizer().newDetokenizer());
    this.streams = new ReplicaStreams(context.getSelf(), engine);
    this.reports = new ReplicaReports(context, spec.name(), engine, owner, IngressLost::new);
    timers.startTimerWithFixedDelay(new Report(), settings.reportInterval());
    SamplingParams oneToken = SamplingParams.greedy(1).withIgnoreEos();
    engine.add(new GenerationRequest(WARM_UP, new int[] {0}, oneToken));
    pump();
  }

  @Override
  public Receive<Replica.Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Replica.LayersDone.class, this::onLayersDone)
        .onMessage(Replica.StepDone.class, this::onStepDone)
        .onMessage(Replica.Generate.class, this::onGenerate)
        .onMessage(Replica.Abort.class, this::onAbort)
        .onMessage(Replica.Resend.class, this::onResend)
        .onMessage(Replica.Subscribe.class, this::onSubscribe)
        .onMessage(IngressLost.class, this::onIngressLost)
        .onMessage(Report.class, this::onReport)
        .onMessage(ReplicaStartup.StartTimedOut.class, this::onStartTimedOut)
        .onMessage(Replica.Activate.class, this::onActivate)
        .onMessage(Replica.Drain.class, this::onDrain)
        .onMessage(Replica.Reconfigure.class, this::onReconfigure)
        .onMessage(Replica.OwnerChange.class, this::onOwnerChange)
        .onMessage(DrainTimedOut.class, timeout -> finishDrain())
        .onMessage(Replica.WorkerSteps.class, this::onWorkerSteps)
        .onMessage(Replica.WorkerFailed.class, failed -> fail(failed.code(), failed.reason()))
        .onMessage(ReplicaStartup.WorkerLost.class, this::onWorkerLost)
        .onAnyMessage(any -> this)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  /** Sends the ranks every step that can be computed now. */
  private void pump() {
    long now = System.nanoTime();
    if (engine.stepsInFlight() == 0) {
      steps.begin(now);
    }
    for (ModelInput input = engine.schedule(now); input != null; input = engine.schedule(now)) {
      ranks.executeAll(input);
    }
  }

  private Behavior<Replica.Command> onLayersDone(Replica.LayersDone done) {
    ranks.endAll(done.step());
    return this;
  }

  private Behavior<Replica.Command> onStepDone(Replica.StepDone done) {
    List<TokenEvent> events = engine.update(done.output(), steps.end(System.nanoTime()));
    pump();
    streams.send(events);
    if (!ready && !events.isEmpty()) {
      becomeReady();
    }
    return draining && engine.isIdle() ? finishDrain() : this;
  }

  private void becomeReady() {
    ready = true;
    timers.cancel(new ReplicaStartup.StartTimedOut());
    getContext()
        .getLog()
        .info(
            "Replica [{}] is ready: keys and values of [{}] tokens, contexts of up to [{}]",
            spec.name(),
            (long) ranks.numBlocks() * spec.config().engineKwargs().blockSize(),
            maxModelLength);
    owner.becomeReady(
        new ReplicaGang.Ready(
            spec.name(), getContext().getSelf(), ranks.describe(), maxModelLength));
  }

  private Behavior<Replica.Command> onGenerate(Replica.Generate generate) {
    GenerationRequest request = generate.request();
    try {
      if (draining) {
        throw new ServingException(ErrorCode.NOT_READY, "The replica is stopping.");
      }
      int maxOngoing = limits.maxOngoing(spec.config().engineKwargs().maxNumSequences());
      if (engine.numRequests() >= maxOngoing) {
        throw new ServingException(
            ErrorCode.OVERLOADED,
            "The replica holds " + maxOngoing + " requests, its max-ongoing-requests; try later.");
      }
      engine.add(request, System.nanoTime());
      streams.open(request.requestId(), generate.ingress());
      reports.watch(generate.ingress());
      pump();
    } catch (ServingException e) {
      streams.refuse(generate.ingress(), request.requestId(), e);
    }
    return this;
  }

  private Behavior<Replica.Command> onAbort(Replica.Abort abort) {
    streams.abort(abort.requestId());
    pump();
    return draining && engine.isIdle() ? finishDrain() : this;
  }

  private Behavior<Replica.Command> onResend(Replica.Resend resend) {
    streams.resend(resend);
    return this;
  }

  private Behavior<Replica.Command> onSubscribe(Replica.Subscribe subscribe) {
    reports.subscribe(subscribe.ingress());
    return this;
  }

  private Behavior<Replica.Command> onIngressLost(IngressLost lost) {
    reports.forget(lost.ingress());
    int requests = streams.abortAllOf(lost.ingress());
    if (requests > 0) {
      getContext()
          .getLog()
          .info(
              "The ingress at [{}] is gone, so [{}] requests end",
              lost.ingress().path().address(),
              requests);
    }
    pump();
    return draining && engine.isIdle() ? finishDrain() : this;
  }

  private Behavior<Replica.Command> onReport(Report tick) {
    long now = System.nanoTime();
    boolean running = engine.stepsInFlight() > 0;
    if (steps.becameLate(running, now)) {
      ranks.askForSteps(self());
    } else if (ready && steps.isStuck(running, now)) {
      return fail(ErrorCode.REPLICA_FAILED, stuck(now));
    }
    if (ready) {
      reports.tell();
    }
    return this;
  }

  /** The first step reads all weights, so it has the time that a start may take. */
  private Behavior<Replica.Command> onStartTimedOut(ReplicaStartup.StartTimedOut timeout) {
    return ready
        ? this
        : fail(
            ErrorCode.TIMEOUT,
            "loaded, but no first token within phalanx.serving.start-timeout; raise it if the first"
                + " step takes longer");
  }

  private String stuck(long now) {
    return "%s, for %d ms".formatted(ranks.stuck(), steps.waitedMillis(now));
  }

  private Behavior<Replica.Command> onWorkerSteps(Replica.WorkerSteps steps) {
    ranks.steps(steps);
    return this;
  }

  private Behavior<Replica.Command> onActivate(Replica.Activate activate) {
    if (ready && !draining) {
      listing.add(self());
      owner.activated();
    }
    return this;
  }

  private Behavior<Replica.Command> onReconfigure(Replica.Reconfigure reconfigure) {
    limits = reconfigure.config().deploymentConfig();
    return this;
  }

  /** Whoever adopts the replica is told its backlog anew. */
  private Behavior<Replica.Command> onOwnerChange(Replica.OwnerChange change) {
    owner.on(change);
    reports.repeat();
    return this;
  }

  private Behavior<Replica.Command> onDrain(Replica.Drain drain) {
    if (draining) {
      return this;
    }
    draining = true;
    owner.drain();
    listing.remove(self());
    timers.startSingleTimer(new DrainTimedOut(), limits.gracefulShutdownTimeout());
    return engine.isIdle() ? finishDrain() : this;
  }

  private ActorRef<Replica.Command> self() {
    return getContext().getSelf();
  }

  private Behavior<Replica.Command> finishDrain() {
    streams.failAll(new ServingException(ErrorCode.REPLICA_FAILED, "The replica was stopped."));
    ranks.haltAll("the replica was drained");
    owner.tell(new ReplicaGang.Drained(spec.name()));
    return Behaviors.stopped();
  }

  private Behavior<Replica.Command> onWorkerLost(ReplicaStartup.WorkerLost lost) {
    String address = ranks.placement(lost.rank()).address();
    return fail(ErrorCode.REPLICA_FAILED, "rank " + lost.rank() + " on " + address + " ended");
  }

  private Behavior<Replica.Command> fail(ErrorCode code, String reason) {
    getContext().getLog().debug("Replica [{}] failed: {}", spec.name(), reason);
    streams.failAll(
        new ServingException(
            ErrorCode.REPLICA_FAILED, "The replica failed while it generated: " + reason));
    ranks.haltAll(reason);
    owner.tell(new ReplicaGang.Failed(spec.name(), code, reason));
    return Behaviors.stopped();
  }

  private Behavior<Replica.Command> onPostStop() {
    ranks.haltAll("the replica has stopped");
    model.tokenizer().close();
    return this;
  }
}
