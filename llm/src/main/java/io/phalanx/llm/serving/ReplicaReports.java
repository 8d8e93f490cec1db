package io.phalanx.llm.serving;

import io.phalanx.llm.engine.Backlog;
import io.phalanx.llm.engine.EngineStats;
import io.phalanx.llm.engine.LlmEngine;
import java.util.HashSet;
import java.util.Set;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link Replica} tells of its backlog, its owner and the ingresses that asked for it, and
 * which ingresses it watches; its actor alone calls this.
 */
final class ReplicaReports {
  private final ActorContext<Replica.Command> context;
  private final String name;
  private final LlmEngine engine;
  private final ReplicaOwner owner;
  private final Function<ActorRef<Replica.ToIngress>, Replica.Command> lost;
  private final UnreadRequests unread;
  private final Set<ActorRef<Replica.ToIngress>> subscribers = new HashSet<>();
  private final Set<ActorRef<Replica.ToIngress>> watched = new HashSet<>();
  private @Nullable Backlog reported;
  private EngineStats reportedStats = EngineStats.NONE;

  /**
   * Creates those of a replica.
   *
   * @param lost what the replica is told when an ingress has ended
   */
  ReplicaReports(
      ActorContext<Replica.Command> context,
      String name,
      LlmEngine engine,
      ReplicaOwner owner,
      Function<ActorRef<Replica.ToIngress>, Replica.Command> lost) {
    this.context = context;
    this.name = name;
    this.engine = engine;
    this.owner = owner;
    this.lost = lost;
    this.unread = UnreadRequests.of(context.getSystem());
  }

  /** Tells an ingress now and whenever the backlog, or what the engine has done, has changed. */
  void subscribe(ActorRef<Replica.ToIngress> ingress) {
    subscribers.add(ingress);
    watch(ingress);
    ingress.tell(report(backlog(), engine.stats()));
  }

  void watch(ActorRef<Replica.ToIngress> ingress) {
    if (watched.add(ingress)) {
      context.watchWith(ingress, lost.apply(ingress));
    }
  }

  void forget(ActorRef<Replica.ToIngress> ingress) {
    watched.remove(ingress);
    subscribers.remove(ingress);
  }

  /** Tells the backlog if it, or what the engine has done, has changed. */
  void tell() {
    Backlog backlog = backlog();
    EngineStats stats = engine.stats();
    if (!backlog.equals(reported) || !stats.equals(reportedStats)) {
      reported = backlog;
      reportedStats = stats;
      Replica.BacklogReport report = report(backlog, stats);
      subscribers.forEach(ingress -> ingress.tell(report));
      owner.tell(new ReplicaGang.Reported(name, backlog, stats));
    }
  }

  /** Tells the backlog the next time even if it has not changed. */
  void repeat() {
    reported = null;
  }

  private Replica.BacklogReport report(Backlog backlog, EngineStats stats) {
    return new Replica.BacklogReport(context.getSelf(), name, backlog, stats);
  }

  private Backlog backlog() {
    return engine.backlog().withUnread(unread.count(context.getSelf()));
  }
}
