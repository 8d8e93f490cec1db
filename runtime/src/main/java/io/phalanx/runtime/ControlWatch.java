package io.phalanx.runtime;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.cluster.ClusterEvent.MemberEvent;
import org.apache.pekko.cluster.ClusterEvent.MemberRemoved;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Subscribe;

/**
 * Sees when a cluster has no member left that could place anything: none with the role {@code
 * control}. Ends once that has lasted a while.
 */
final class ControlWatch extends AbstractBehavior<ControlWatch.Event> {

  /** What the watch hears. */
  sealed interface Event {}

  private record Changed(MemberEvent event) implements Event {}

  private record StillWithout() implements Event {}

  private final TimerScheduler<Event> timers;
  private final Duration patience;
  private final Runnable without;
  private final Set<Address> control = new HashSet<>();

  /**
   * Creates a watch of the system's cluster.
   *
   * @param patience how long there must be no control node
   * @param without is run once then
   */
  static Behavior<Event> create(Duration patience, Runnable without) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(timers -> new ControlWatch(context, timers, patience, without)));
  }

  private ControlWatch(
      ActorContext<Event> context,
      TimerScheduler<Event> timers,
      Duration patience,
      Runnable without) {
    super(context);
    this.timers = timers;
    this.patience = patience;
    this.without = without;
    ActorRef<MemberEvent> events = context.messageAdapter(MemberEvent.class, Changed::new);
    Cluster cluster = Cluster.get(context.getSystem());
    cluster.state().getMembers().forEach(this::add);
    cluster.subscriptions().tell(Subscribe.create(events, MemberEvent.class));
  }

  @Override
  public Receive<Event> createReceive() {
    return newReceiveBuilder()
        .onMessage(Changed.class, this::onChanged)
        .onMessage(StillWithout.class, this::onStillWithout)
        .build();
  }

  private void add(Member member) {
    if (member.hasRole(NodeRole.CONTROL.configName())) {
      control.add(member.address());
    }
  }

  private Behavior<Event> onChanged(Changed changed) {
    Member member = changed.event().member();
    if (changed.event() instanceof MemberRemoved) {
      control.remove(member.address());
    } else {
      add(member);
    }
    if (control.isEmpty()) {
      timers.startSingleTimer(new StillWithout(), patience);
    } else {
      timers.cancelAll();
    }
    return this;
  }

  private Behavior<Event> onStillWithout(StillWithout still) {
    without.run();
    return Behaviors.stopped();
  }
}
