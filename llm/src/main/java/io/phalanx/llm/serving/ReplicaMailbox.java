package io.phalanx.llm.serving;

import com.typesafe.config.Config;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.dispatch.Envelope;
import org.apache.pekko.dispatch.MailboxType;
import org.apache.pekko.dispatch.MessageQueue;
import org.apache.pekko.dispatch.ProducesMessageQueue;
import org.apache.pekko.dispatch.UnboundedMessageQueueSemantics;
import org.jspecify.annotations.Nullable;
import scala.Option;

/**
 * The mailbox of a {@link Replica}: unbounded and in order of arrival, it knows how many requests
 * it holds, and no other message counts. {@link UnreadRequests} asks it.
 *
 * <p>Named by {@code phalanx.serving.replica-mailbox}.
 */
public final class ReplicaMailbox
    implements MailboxType, ProducesMessageQueue<ReplicaMailbox.CountingQueue> {

  /** Creates the type; Pekko calls this with the mailbox's section of the configuration. */
  @SuppressWarnings("UnusedVariable") // what Pekko looks for
  public ReplicaMailbox(ActorSystem.Settings settings, Config config) {}

  @Override
  public MessageQueue create(Option<ActorRef> owner, Option<ActorSystem> system) {
    CountingQueue queue = new CountingQueue();
    if (owner.isDefined() && system.isDefined()) {
      queue.registry = UnreadRequests.of(system.get());
      queue.registry.add(owner.get(), queue);
    }
    return queue;
  }

  /** The messages of one replica; safe for many threads. */
  static final class CountingQueue implements MessageQueue, UnboundedMessageQueueSemantics {
    private final Queue<Envelope> messages = new ConcurrentLinkedQueue<>();
    private final AtomicInteger requests = new AtomicInteger();
    private @Nullable UnreadRequests registry;

    /** Returns how many requests it holds. */
    int requests() {
      return requests.get();
    }

    @Override
    public void enqueue(ActorRef receiver, Envelope envelope) {
      if (isRequest(envelope)) {
        requests.incrementAndGet();
      }
      messages.add(envelope);
    }

    @Override
    public @Nullable Envelope dequeue() {
      Envelope envelope = messages.poll();
      if (envelope != null && isRequest(envelope)) {
        requests.decrementAndGet();
      }
      return envelope;
    }

    private static boolean isRequest(Envelope envelope) {
      return envelope.message() instanceof Replica.Generate;
    }

    @Override
    public int numberOfMessages() {
      return messages.size();
    }

    @Override
    public boolean hasMessages() {
      return !messages.isEmpty();
    }

    @Override
    public void cleanUp(ActorRef owner, MessageQueue deadLetters) {
      for (Envelope envelope = dequeue(); envelope != null; envelope = dequeue()) {
        deadLetters.enqueue(owner, envelope);
      }
      if (registry != null) {
        registry.remove(owner);
      }
    }
  }
}
