package io.phalanx.placement;

import io.phalanx.placement.GroupEvent.GroupCreated;
import io.phalanx.placement.GroupEvent.GroupRejected;
import io.phalanx.placement.GroupEvent.GroupRemoved;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Asks for one group on behalf of a program and keeps asking until it is answered, since a manager
 * may be replaced before it has told its successor; ends when the group is gone.
 */
final class GroupOwner extends AbstractBehavior<GroupOwner.Command> {

  /** What an owner can be told. */
  sealed interface Command {}

  /** Frees the group. */
  enum Remove implements Command {
    INSTANCE
  }

  private record Changed(GroupEvent event) implements Command {}

  private enum Repeat implements Command {
    INSTANCE
  }

  /** What the program waits for. */
  record Outcome(CompletableFuture<GroupCreated> ready, CompletableFuture<Done> removed) {}

  static Behavior<Command> create(
      PlacementGroupSpec spec,
      ActorRef<PlacementGroupManager.Command> manager,
      PlacementSettings settings,
      Outcome outcome) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> new GroupOwner(context, timers, spec, manager, settings, outcome)));
  }

  private final PlacementGroupSpec spec;
  private final ActorRef<PlacementGroupManager.Command> manager;
  private final Outcome outcome;
  private final ActorRef<GroupEvent> events;
  private boolean removing;
  private boolean heard;

  private GroupOwner(
      ActorContext<Command> context,
      TimerScheduler<Command> timers,
      PlacementGroupSpec spec,
      ActorRef<PlacementGroupManager.Command> manager,
      PlacementSettings settings,
      Outcome outcome) {
    super(context);
    this.spec = spec;
    this.manager = manager;
    this.outcome = outcome;
    this.events = context.messageAdapter(GroupEvent.class, Changed::new);
    timers.startTimerWithFixedDelay(Repeat.INSTANCE, settings.reportInterval().multipliedBy(2));
    ask();
  }

  private void ask() {
    manager.tell(
        removing
            ? new PlacementGroupManager.Remove(spec.id(), events)
            : new PlacementGroupManager.Create(spec, events));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Remove.class, command -> onRemove())
        .onMessage(Changed.class, this::onChanged)
        .onMessage(Repeat.class, command -> onRepeat())
        .onSignal(PostStop.class, signal -> onStop())
        .build();
  }

  private Behavior<Command> onRemove() {
    removing = true;
    ask();
    return this;
  }

  /**
   * Asks again where nothing was heard: also for a group that was created, since it may have been
   * lost with its nodes and the manager's before any other node knew of it.
   */
  private Behavior<Command> onRepeat() {
    if (!heard) {
      ask();
    }
    heard = false;
    return this;
  }

  private Behavior<Command> onChanged(Changed changed) {
    heard = true;
    if (changed.event() instanceof GroupCreated created) {
      outcome.ready().complete(created);
    } else if (changed.event() instanceof GroupRejected rejected) {
      return end(new ServingException(rejected.code(), rejected.reason()));
    } else if (changed.event() instanceof GroupRemoved) {
      return end(removedBefore());
    }
    return this;
  }

  private ServingException removedBefore() {
    return new ServingException(
        ErrorCode.NOT_FOUND,
        "placement group [%s] was removed before it was created".formatted(spec.displayName()));
  }

  private Behavior<Command> end(ServingException why) {
    outcome.ready().completeExceptionally(why);
    outcome.removed().complete(Done.getInstance());
    return Behaviors.stopped();
  }

  private Behavior<Command> onStop() {
    outcome.ready().completeExceptionally(removedBefore());
    outcome.removed().complete(Done.getInstance());
    return this;
  }
}
