package io.phalanx.llm.serving;

import io.phalanx.llm.serving.DeploymentController.Command;
import io.phalanx.placement.PlacementGroupManager;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.japi.function.Function;

/** A {@link DeploymentController} that knows its record; what it is told goes to its keeper. */
final class DeploymentRunning extends AbstractBehavior<Command> {
  /** After how many ticks an entity without a deployment ends. */
  private static final int IDLE_TICKS = 20;

  private record Tick() implements DeploymentController.Own {}

  private final DeploymentController.Shard shard;
  private final DeploymentKeeper keeper;
  private int idleTicks;

  static Behavior<Command> create(
      String modelId,
      ServingSettings settings,
      ActorRef<PlacementGroupManager.Command> manager,
      DeploymentRecords records,
      DeploymentController.Shard shard,
      Optional<DesiredDeployment> record) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  context.setLoggerName(DeploymentController.class);
                  DeploymentGangs gangs = new DeploymentGangs(context, modelId, settings, manager);
                  DeploymentKeeper keeper =
                      new DeploymentKeeper(context, modelId, gangs, records, shard);
                  record.ifPresent(
                      known -> {
                        gangs.takeOver(timers);
                        keeper.resume(known);
                      });
                  timers.startTimerWithFixedDelay(new Tick(), settings.autoscalingInterval());
                  return new DeploymentRunning(context, shard, keeper);
                }));
  }

  private DeploymentRunning(
      ActorContext<Command> context, DeploymentController.Shard shard, DeploymentKeeper keeper) {
    super(context);
    this.shard = shard;
    this.keeper = keeper;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(DeploymentController.Deploy.class, by(this::deploy))
        .onMessage(DeploymentController.Scale.class, by(keeper::scale))
        .onMessage(DeploymentController.IngressBacklog.class, by(keeper::waits))
        .onMessage(DeploymentController.Wake.class, wake -> this)
        .onMessage(DeploymentController.Announce.class, by(keeper::announced))
        .onMessage(DeploymentController.Delete.class, by(keeper::delete))
        .onMessage(DeploymentController.Describe.class, by(keeper::describe))
        .onMessage(
            DeploymentController.Watch.class, by(watch -> keeper.audience().watch(watch.watcher())))
        .onMessage(
            DeploymentController.WatcherLost.class,
            by(lost -> keeper.audience().unwatch(lost.watcher())))
        .onMessage(DeploymentController.Follow.class, by(keeper::follow))
        .onMessage(DeploymentController.Forgotten.class, by(keeper::forgotten))
        .onMessage(DeploymentGangs.GangChanged.class, by(keeper::gangChanged))
        .onMessage(DeploymentGangs.GangFailed.class, by(keeper::gangFailed))
        .onMessage(DeploymentGangs.GangEnded.class, by(keeper::gangEnded))
        .onMessage(DeploymentGangs.AdoptionEnds.class, by(keeper::adoptionEnds))
        .onMessage(DeploymentGangs.GroupsListed.class, by(keeper::groupsListed))
        .onMessage(DeploymentKeeper.Written.class, by(keeper::written))
        .onMessage(Tick.class, by(this::tick))
        .onMessage(DeploymentController.End.class, this::onEnd)
        .build();
  }

  private <M> Function<M, Behavior<Command>> by(Consumer<M> action) {
    return message -> {
      action.accept(message);
      return this;
    };
  }

  private void deploy(DeploymentController.Deploy deploy) {
    if (idleTicks >= IDLE_TICKS) {
      shard.again(deploy);
    } else {
      keeper.deploy(deploy);
    }
  }

  private void tick(Tick tick) {
    keeper.tick();
    idleTicks = keeper.isIdle() ? idleTicks + 1 : 0;
    if (idleTicks == IDLE_TICKS) {
      shard.passivate(getContext().getSelf());
    }
  }

  /** The deployment has ended, or its shard moves to another node and goes on there. */
  private Behavior<Command> onEnd(DeploymentController.End end) {
    keeper.tellIfEnded();
    return Behaviors.stopped();
  }
}
