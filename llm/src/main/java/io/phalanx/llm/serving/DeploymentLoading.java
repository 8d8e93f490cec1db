package io.phalanx.llm.serving;

import io.phalanx.llm.serving.DeploymentController.Command;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.StashBuffer;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/** A {@link DeploymentController} until it has read its record; what comes meanwhile is kept. */
final class DeploymentLoading extends AbstractBehavior<Command> {
  private static final int MOST_KEPT = 10_000;
  private static final Duration RETRY = Duration.ofSeconds(1);

  private record Loaded(Optional<DesiredDeployment> record) implements DeploymentController.Own {}

  private record Failed(Throwable cause) implements DeploymentController.Own {}

  private record Again() implements DeploymentController.Own {}

  private final TimerScheduler<Command> timers;
  private final StashBuffer<Command> stash;
  private final String modelId;
  private final DeploymentRecords records;
  private final Function<Optional<DesiredDeployment>, Behavior<Command>> running;

  /** Creates the behavior, which becomes what {@code running} makes of the record. */
  static Behavior<Command> create(
      String modelId,
      DeploymentRecords records,
      Function<Optional<DesiredDeployment>, Behavior<Command>> running) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers ->
                    Behaviors.withStash(
                        MOST_KEPT,
                        stash ->
                            new DeploymentLoading(
                                context, timers, stash, modelId, records, running))));
  }

  private DeploymentLoading(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      StashBuffer<Command> stash,
      String modelId,
      DeploymentRecords records,
      Function<Optional<DesiredDeployment>, Behavior<Command>> running) {
    super(context);
    this.timers = timers;
    this.stash = stash;
    this.modelId = modelId;
    this.records = records;
    this.running = running;
    read();
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Loaded.class, loaded -> stash.unstashAll(running.apply(loaded.record())))
        .onMessage(Failed.class, this::onFailed)
        .onMessage(Again.class, again -> read())
        .onMessage(DeploymentController.End.class, end -> Behaviors.stopped())
        .onAnyMessage(this::keep)
        .build();
  }

  private Behavior<Command> read() {
    getContext()
        .pipeToSelf(
            records.read(modelId),
            (record, failure) -> failure == null ? new Loaded(record) : new Failed(failure));
    return this;
  }

  private Behavior<Command> onFailed(Failed failed) {
    getContext()
        .getLog()
        .warn("Cannot read the record of model [{}]: {}", modelId, failed.cause().getMessage());
    timers.startSingleTimer(new Again(), RETRY);
    return this;
  }

  private Behavior<Command> keep(Command command) {
    if (!stash.isFull()) {
      stash.stash(command);
    }
    return this;
  }
}
