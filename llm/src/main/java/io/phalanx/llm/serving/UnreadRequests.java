package io.phalanx.llm.serving;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Extension;
import org.apache.pekko.actor.typed.ExtensionId;
import org.apache.pekko.actor.typed.javadsl.Adapter;

/** How many requests lie unread in the mailboxes of a node's replicas; safe for many threads. */
final class UnreadRequests implements Extension {
  private static final Id ID = new Id();

  private final Map<org.apache.pekko.actor.ActorRef, ReplicaMailbox.CountingQueue> queues =
      new ConcurrentHashMap<>();

  private UnreadRequests() {}

  static UnreadRequests of(ActorSystem<?> system) {
    return ID.apply(system);
  }

  static UnreadRequests of(org.apache.pekko.actor.ActorSystem system) {
    return of(Adapter.toTyped(system));
  }

  void add(org.apache.pekko.actor.ActorRef replica, ReplicaMailbox.CountingQueue queue) {
    queues.put(replica, queue);
  }

  void remove(org.apache.pekko.actor.ActorRef replica) {
    queues.remove(replica);
  }

  /** Returns the unread requests of a replica; 0 for one that has another mailbox, or has ended. */
  int count(ActorRef<Replica.Command> replica) {
    ReplicaMailbox.CountingQueue queue = queues.get(Adapter.toClassic(replica));
    return queue == null ? 0 : queue.requests();
  }

  private static final class Id extends ExtensionId<UnreadRequests> {
    @Override
    public UnreadRequests createExtension(ActorSystem<?> system) {
      return new UnreadRequests();
    }
  }
}
