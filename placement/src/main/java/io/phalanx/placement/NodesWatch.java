package io.phalanx.placement;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/** One wait until the manager knows certain nodes; asks it again, since messages may be lost. */
final class NodesWatch extends AbstractBehavior<NodesWatch.Command> {
  private static final Duration ASK_AGAIN = Duration.ofMillis(50);

  /** What the wait is told. */
  sealed interface Command {}

  private record Told(PlacementGroupManager.Groups cluster) implements Command {}

  private enum Tick implements Command {
    ASK,
    GIVE_UP
  }

  private final ActorRef<PlacementGroupManager.Command> manager;
  private final ActorRef<PlacementGroupManager.Groups> answers;
  private final Set<String> addresses;
  private final CompletableFuture<Boolean> known;

  /**
   * Creates the wait.
   *
   * @param addresses {@code host:port} of each node
   * @param known completes with whether all are known; false once {@code timeout} has passed
   */
  static Behavior<Command> create(
      ActorRef<PlacementGroupManager.Command> manager,
      Set<String> addresses,
      Duration timeout,
      CompletableFuture<Boolean> known) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(Tick.ASK, Duration.ZERO, ASK_AGAIN);
                  timers.startSingleTimer(Tick.GIVE_UP, timeout);
                  return new NodesWatch(context, manager, addresses, known);
                }));
  }

  private NodesWatch(
      ActorContext<Command> context,
      ActorRef<PlacementGroupManager.Command> manager,
      Set<String> addresses,
      CompletableFuture<Boolean> known) {
    super(context);
    this.manager = manager;
    this.addresses = Set.copyOf(addresses);
    this.known = known;
    this.answers = context.messageAdapter(PlacementGroupManager.Groups.class, Told::new);
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessageEquals(Tick.ASK, this::onAsk)
        .onMessageEquals(Tick.GIVE_UP, Behaviors::stopped)
        .onMessage(Told.class, this::onTold)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onAsk() {
    manager.tell(new PlacementGroupManager.Describe(answers));
    return this;
  }

  private Behavior<Command> onTold(Told told) {
    Set<String> there =
        told.cluster().nodes().stream().map(NodeView::address).collect(Collectors.toSet());
    if (!there.containsAll(addresses)) {
      return this;
    }
    known.complete(true);
    return Behaviors.stopped();
  }

  private Behavior<Command> onPostStop() {
    known.complete(false);
    return this;
  }
}
