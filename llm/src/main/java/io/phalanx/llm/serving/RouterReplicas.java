package io.phalanx.llm.serving;

import io.phalanx.llm.routing.ReplicaLoads;
import io.phalanx.llm.routing.RequestAdmission;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/**
 * The replicas of a {@link ReplicaRouter}, whose actor alone calls this: those that it may send to,
 * and those that it watches because they may still have requests.
 */
final class RouterReplicas {
  private final ActorContext<ReplicaRouter.Command> context;
  private final RequestAdmission<ActorRef<Replica.Command>, ?> admission;
  private final ReplicaLoads<ActorRef<Replica.Command>> loads;
  private final RouterListener listener;
  private final Function<ActorRef<Replica.Command>, ReplicaRouter.Command> lost;
  private final Set<ActorRef<Replica.Command>> watched = new HashSet<>();
  private boolean hadOne;

  /**
   * Creates them, without any.
   *
   * @param lost what the router is told when a replica has ended
   */
  RouterReplicas(
      ActorContext<ReplicaRouter.Command> context,
      RequestAdmission<ActorRef<Replica.Command>, ?> admission,
      RouterListener listener,
      Function<ActorRef<Replica.Command>, ReplicaRouter.Command> lost) {
    this.context = context;
    this.admission = admission;
    this.loads = admission.loads();
    this.listener = listener;
    this.lost = lost;
  }

  /** Returns whether there has never been a replica. */
  boolean hadNone() {
    return !hadOne;
  }

  /** Takes note of all that can be sent requests now. */
  void list(Set<ActorRef<Replica.Command>> listed) {
    for (ActorRef<Replica.Command> known : loads.replicas()) {
      if (!listed.contains(known)) {
        forget(known);
      }
    }
    listed.forEach(this::add);
    listener.onReplicas(loads.size());
  }

  private void add(ActorRef<Replica.Command> replica) {
    if (loads.add(replica)) {
      hadOne = true;
      replica.tell(new Replica.Subscribe(context.getSelf().narrow()));
    }
    if (watched.add(replica)) {
      context.watchWith(replica, lost.apply(replica));
    }
  }

  void report(Replica.BacklogReport report) {
    loads.report(report.replica(), report.backlog(), report.stats(), System.nanoTime());
    listener.onReport(report);
  }

  /** Sends a replica nothing new; what it has goes on. */
  void forget(ActorRef<Replica.Command> replica) {
    admission.forget(replica);
    listener.onReplicas(loads.size());
  }

  /** A replica has ended. */
  void lose(ActorRef<Replica.Command> replica) {
    watched.remove(replica);
    forget(replica);
    listener.onReplicaLost(replica);
  }

  /** The router has ended. */
  void end() {
    watched.forEach(listener::onReplicaLost);
    listener.onReplicas(0);
  }
}
