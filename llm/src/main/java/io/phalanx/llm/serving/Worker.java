package io.phalanx.llm.serving;

import io.phalanx.llm.EngineKwargs;
import io.phalanx.llm.engine.ModelInput;
import io.phalanx.llm.engine.StepOutput;
import io.phalanx.llm.hub.ModelFiles;
import io.phalanx.llm.models.LoadProgress;
import io.phalanx.llm.models.ModelConfig;
import io.phalanx.llm.models.ModelRunner;
import io.phalanx.llm.models.RankContext;
import io.phalanx.placement.BundleGrant;
import io.phalanx.runtime.collective.GroupMember;
import io.phalanx.runtime.collective.GroupSpec;
import io.phalanx.runtime.device.CpuThreads;
import io.phalanx.runtime.device.Device;
import io.phalanx.runtime.device.DeviceSlot;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * One rank of a replica: it hands the weights, the KV blocks and every forward pass to the thread
 * that it owns, so that it can receive while a pass waits.
 *
 * <p>It finds the model's files as soon as it starts and reports that; it loads when told the
 * process groups; then it computes steps. It ends with its replica, and its first failure is also
 * its last message.
 */
public final class Worker extends AbstractBehavior<Worker.Command> {

  /** What a worker can be asked. */
  public sealed interface Command {}

  /**
   * Joins the groups and loads this rank's shard.
   *
   * @param tensorGroup the ranks of the same stage
   * @param tensorRank this rank's place in it
   * @param pipelineGroup the ranks of the same tensor rank
   * @param stage this rank's place in it
   * @param engine the engine's arguments
   * @param neighbours how many ranks of the replica are near this one
   */
  public record Load(
      GroupSpec tensorGroup,
      int tensorRank,
      GroupSpec pipelineGroup,
      int stage,
      EngineKwargs engine,
      Neighbours neighbours)
      implements Command, WireMessage {

    int ranksInJvm() {
      return neighbours.ranksInJvm();
    }
  }

  /**
   * How many ranks of a replica, the one that is told included, share what.
   *
   * @param ranksInJvm the JVM
   * @param ranksOnMachine the machine
   */
  public record Neighbours(int ranksInJvm, int ranksOnMachine) implements WireMessage {}

  /** Computes the layers of a step with the other ranks. */
  public record Execute(ModelInput input) implements Command, WireMessage {}

  /** Ends a step whose layers are computed on the last stage, unless it has ended. */
  public record EndStep(long step) implements Command, WireMessage {}

  /** Asks how far the rank is with its steps; it answers also in the middle of one. */
  public record TellSteps(ActorRef<Replica.Command> replyTo) implements Command, WireMessage {}

  /** Stops, also in the middle of a step. */
  public record Halt(String reason) implements Command, WireMessage {}

  private record Failed(Throwable failure) implements Command {}

  private record OwnerLost() implements Command {}

  private final WorkerSpec spec;
  private final ServingEnvironment environment;
  private final BundleGrant grant;
  private final Device device;
  private final ActorRef<Command> self;
  private final RankThread thread;
  private Optional<ModelFiles> files = Optional.empty();
  private Optional<CpuThreads.Lease> lease = Optional.empty();

  /** Whether this rank says when a step has reached the pipeline's end; of the rank's thread. */
  private boolean ends;

  /** Creates the worker of one rank in a bundle. */
  public static Behavior<Command> create(
      WorkerSpec spec, BundleGrant grant, ServingEnvironment environment) {
    return Behaviors.setup(context -> new Worker(context, spec, grant, environment));
  }

  private Worker(
      ActorContext<Command> context,
      WorkerSpec spec,
      BundleGrant grant,
      ServingEnvironment environment) {
    super(context);
    this.spec = spec;
    this.grant = grant;
    this.environment = environment;
    this.self = context.getSelf();
    Optional<DeviceSlot> slot =
        grant.devices().isEmpty()
            ? Optional.empty()
            : Optional.of(grant.devices().get(spec.seat() % grant.devices().size()));
    this.device = slot.map(DeviceSlot::device).orElse(Device.CPU);
    String deviceText = slot.map(DeviceSlot::describe).orElse("cpu");
    this.thread =
        new RankThread("rank-" + spec.rank() + " of " + spec.replica(), new ThreadListener());
    context.watchWith(spec.owner(), new OwnerLost());
    thread.submit(() -> prepare(deviceText));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Load.class, this::onLoad)
        .onMessage(Execute.class, this::onExecute)
        .onMessage(EndStep.class, this::onEndStep)
        .onMessage(TellSteps.class, this::onTellSteps)
        .onMessage(Halt.class, halt -> stop(halt.reason()))
        .onMessage(Failed.class, this::onFailed)
        .onMessage(OwnerLost.class, lost -> stop("its replica has ended"))
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onLoad(Load load) {
    lease = Optional.of(CpuThreads.ofJvm().lease(spec.replica(), load.ranksInJvm()));
    thread.submit(() -> load(load));
    return this;
  }

  private Behavior<Command> onExecute(Execute execute) {
    thread.execute(execute.input());
    return this;
  }

  private Behavior<Command> onEndStep(EndStep end) {
    thread.end(end.step());
    return this;
  }

  private Behavior<Command> onTellSteps(TellSteps ask) {
    ask.replyTo()
        .tell(new Replica.WorkerSteps(spec.rank(), thread.endedSteps(), thread.isWaiting()));
    return this;
  }

  private Behavior<Command> onFailed(Failed failed) {
    ServingException error = asServingException(failed.failure());
    String where = "rank " + spec.rank() + " on " + grant.host() + ": ";
    getContext()
        .getLog()
        .warn("Rank [{}] of [{}] failed: {}", spec.rank(), spec.replica(), error.reason());
    getContext().getLog().debug("Rank failed", error);
    spec.owner().tell(new Replica.WorkerFailed(spec.rank(), error.code(), where + error.reason()));
    return Behaviors.stopped();
  }

  private Behavior<Command> stop(String reason) {
    thread.halt(reason);
    return Behaviors.stopped();
  }

  private Behavior<Command> onPostStop() {
    thread.halt("its worker has stopped");
    lease.ifPresent(CpuThreads.Lease::close);
    return this;
  }

  /** Runs on the rank's thread. */
  private void prepare(String deviceText) {
    files = Optional.of(environment.models().resolve(spec.modelSource(), this::report));
    spec.owner()
        .tell(
            new Replica.WorkerPrepared(
                spec.rank(), self, GroupMember.here(grant.host()), deviceText));
  }

  /** Runs on the rank's thread. */
  private void load(Load load) {
    ModelFiles model = files.orElseThrow();
    ModelConfig config = ModelConfig.load(model.directory());
    ServingEnvironment.Groups groups = environment.groups();
    RankContext rank =
        new RankContext(
            device,
            thread.join(() -> groups.join(load.tensorGroup(), load.tensorRank(), device)),
            thread.join(() -> groups.join(load.pipelineGroup(), load.stage(), device)));
    ModelRunner runner =
        environment
            .runners()
            .load(
                model.directory(),
                rank,
                settings(load, config).of(model.directory()),
                this::report);
    ends = rank.isLastStage() && rank.tensorRank() == 0 && rank.pipelineParallelSize() > 1;
    thread.own(runner, new StepOrder(rank.pipelineStage(), rank.pipelineParallelSize()));
    spec.owner().tell(new Replica.WorkerLoaded(spec.rank(), runner.numBlocks()));
  }

  private WorkerRunnerSettings settings(Load load, ModelConfig config) {
    return new WorkerRunnerSettings(
        device, load, config, environment.settings(), lease.orElseThrow().ranksInJvm());
  }

  /** Tells every quarter of the layers. */
  private void report(LoadProgress progress) {
    int loaded = progress.loadedLayers();
    int quarter = Math.max(1, progress.totalLayers() / 4);
    if (loaded % quarter != 0 && loaded != progress.totalLayers()) {
      return;
    }
    report("loaded " + progress.loadedLayers() + " of " + progress.totalLayers() + " layers");
  }

  private void report(String text) {
    spec.owner().tell(new Replica.WorkerProgress(spec.rank(), text));
  }

  private static ServingException asServingException(Throwable failure) {
    return failure instanceof ServingException serving
        ? serving
        : new ServingException(ErrorCode.REPLICA_FAILED, String.valueOf(failure), failure);
  }

  /** Turns what happens on the rank's thread into messages. */
  private final class ThreadListener implements RankThread.Listener {
    @Override
    public void onLayers(long step) {
      if (ends) {
        spec.owner().tell(new Replica.LayersDone(step));
      }
    }

    @Override
    public void onOutput(StepOutput output) {
      spec.owner().tell(new Replica.StepDone(output));
    }

    @Override
    public void onFailure(Throwable failure) {
      self.tell(new Failed(failure));
    }
  }
}
