package io.phalanx.llm.serving;

import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/**
 * Whom a {@link Replica} reports to. When that gang has ended, most likely with its node, the
 * replica goes on and announces itself to the controller of its deployment until a new gang has
 * adopted it; used by the replica alone.
 */
final class ReplicaOwner {
  private static final Duration ANNOUNCE_INTERVAL = Duration.ofSeconds(1);
  private static final Duration READY_INTERVAL = Duration.ofSeconds(5);

  /** The owner has ended. */
  record OwnerLost(ActorRef<ReplicaGang.Command> owner) implements Replica.OwnerChange {}

  /** Nobody has adopted the replica yet. */
  record AnnounceAgain() implements Replica.OwnerChange {}

  /** Nobody has activated the replica yet. */
  record ReadyAgain() implements Replica.OwnerChange {}

  private final ActorContext<Replica.Command> context;
  private final TimerScheduler<Replica.Command> timers;
  private final ReplicaSpec spec;
  private final Consumer<DeploymentController.Announce> controller;
  private ActorRef<ReplicaGang.Command> owner;
  private ReplicaGang.@Nullable Ready ready;
  private boolean draining;

  ReplicaOwner(
      ActorContext<Replica.Command> context,
      TimerScheduler<Replica.Command> timers,
      ReplicaSpec spec,
      Consumer<DeploymentController.Announce> controller) {
    this.context = context;
    this.timers = timers;
    this.spec = spec;
    this.controller = controller;
    this.owner = spec.owner();
    context.watchWith(owner, new OwnerLost(owner));
  }

  void tell(ReplicaGang.Command message) {
    owner.tell(message);
  }

  /**
   * Tells that the replica has generated a real token, again until it is activated; those who adopt
   * it learn it too.
   */
  void becomeReady(ReplicaGang.Ready event) {
    ready = event;
    owner.tell(event);
    timers.startTimerWithFixedDelay(new ReadyAgain(), READY_INTERVAL);
  }

  /** The owner knows that the replica is ready. */
  void activated() {
    timers.cancel(new ReadyAgain());
  }

  void drain() {
    draining = true;
  }

  void on(Replica.OwnerChange change) {
    if (change instanceof OwnerLost lost && lost.owner().equals(owner)) {
      context.getLog().info("Replica [{}] goes on without a controller", spec.name());
      timers.startTimerWithFixedDelay(new AnnounceAgain(), ANNOUNCE_INTERVAL);
      announce();
    } else if (change instanceof AnnounceAgain) {
      announce();
    } else if (change instanceof ReadyAgain) {
      tellIfReady();
    } else if (change instanceof Replica.Adopt adopt) {
      adopt(adopt.owner());
    }
  }

  private void tellIfReady() {
    ReplicaGang.Ready event = ready;
    if (event != null) {
      owner.tell(event);
    }
  }

  private void announce() {
    controller.accept(
        new DeploymentController.Announce(
            spec, context.getSelf(), Optional.ofNullable(ready), draining));
  }

  private void adopt(ActorRef<ReplicaGang.Command> gang) {
    timers.cancel(new AnnounceAgain());
    if (!gang.equals(owner)) {
      context.unwatch(owner);
      owner = gang;
      context.watchWith(owner, new OwnerLost(owner));
      tellIfReady();
    }
  }
}
