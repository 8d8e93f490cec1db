package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.actor.typed.receptionist.ServiceKey;
import org.jspecify.annotations.Nullable;

/**
 * One ingress's way to the replicas of one model: it sends each request to the less busy of two
 * replicas, hands their events to the requests' streams in order, and asks for events that were
 * lost on the way.
 */
public final class ReplicaRouter extends AbstractBehavior<ReplicaRouter.Command> {
  private static final Duration TICK = Duration.ofSeconds(1);

  /** How often a silent replica is asked for its events before the request is given up. */
  private static final int MAX_ASKED = 20;

  /** What a router can be told. */
  public sealed interface Command permits Local, Replica.ToIngress {}

  /** What only this node tells the router. */
  sealed interface Local extends Command {}

  /** A stream has started and wants this sequence. */
  record Open(GenerationRequest request, TokenSink sink) implements Local {}

  /** A stream has ended before its sequence. */
  record Cancel(String requestId, TokenSink sink) implements Local {}

  /** The model is deployed no longer: takes nothing new and ends after the streams that run. */
  record Close() implements Local {}

  private record Listed(Set<ActorRef<Replica.Command>> replicas) implements Local {}

  private record ReplicaLost(ActorRef<Replica.Command> replica) implements Local {}

  private record Tick() implements Local {}

  private static final class Stream {
    private final GenerationRequest request;
    private final TokenSink sink;
    private ActorRef<Replica.Command> replica;
    private int nextPosition;
    private long heardNanos = System.nanoTime();
    private int asked;

    private Stream(Open open, ActorRef<Replica.Command> replica) {
      this.request = open.request();
      this.sink = open.sink();
      this.replica = replica;
    }
  }

  private final LlmConfig config;
  private final RouterListener listener;
  private final Duration resendAfter;
  private final ReplicaChoice<ActorRef<Replica.Command>> choice;
  private final Set<ActorRef<Replica.Command>> watched = new HashSet<>();
  private final Map<String, Stream> streams = new HashMap<>();
  private final Deque<Open> queue = new ArrayDeque<>();
  private boolean closing;

  /** Creates the router of a model, which tells {@code listener} what it sees. */
  static Behavior<Command> create(
      LlmConfig config, String deploymentId, ServingSettings settings, RouterListener listener) {
    ServiceKey<Replica.Command> replicas = Replica.serviceKey(config.modelId(), deploymentId);
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(new Tick(), TICK);
                  return new ReplicaRouter(
                      context, config, replicas, settings.resendAfter(), listener);
                }));
  }

  private ReplicaRouter(
      ActorContext<Command> context,
      LlmConfig config,
      ServiceKey<Replica.Command> replicas,
      Duration resendAfter,
      RouterListener listener) {
    super(context);
    this.config = config;
    this.listener = listener;
    this.resendAfter = resendAfter;
    int maxOngoing = config.deploymentConfig().maxOngoing(config.engineKwargs().maxNumSequences());
    this.choice = new ReplicaChoice<>(RandomGenerator.getDefault(), maxOngoing);
    ActorRef<Receptionist.Listing> listings =
        context.messageAdapter(
            Receptionist.Listing.class,
            listing -> new Listed(listing.getServiceInstances(replicas)));
    context.getSystem().receptionist().tell(Receptionist.subscribe(replicas, listings));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Open.class, this::onOpen)
        .onMessage(Cancel.class, this::onCancel)
        .onMessage(Close.class, this::onClose)
        .onMessage(Replica.Tokens.class, this::onTokens)
        .onMessage(Replica.RequestFailed.class, this::onRequestFailed)
        .onMessage(Replica.StillRunning.class, this::onStillRunning)
        .onMessage(Replica.BacklogReport.class, this::onBacklogReport)
        .onMessage(Listed.class, this::onListed)
        .onMessage(ReplicaLost.class, this::onReplicaLost)
        .onMessage(Tick.class, this::onTick)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onOpen(Open open) {
    String requestId = open.request().requestId();
    if (streams.containsKey(requestId)) {
      open.sink()
          .fail(
              ServingException.invalidParam(
                  "request_id", "Request id " + requestId + " is in use; send another."));
    } else if (closing) {
      open.sink()
          .fail(
              new ServingException(
                  ErrorCode.MODEL_NOT_FOUND,
                  "Model [" + config.modelId() + "] is deployed no longer."));
    } else if (choice.size() == 0) {
      open.sink().fail(notReady());
    } else if (!dispatch(open)) {
      enqueue(open);
    }
    return this;
  }

  private ServingException notReady() {
    return new ServingException(
        ErrorCode.NOT_READY,
        "No replica of model [" + config.modelId() + "] is ready; try again in a while.");
  }

  private boolean dispatch(Open open) {
    Optional<ActorRef<Replica.Command>> replica = choice.pick();
    replica.ifPresent(
        picked -> {
          streams.put(open.request().requestId(), new Stream(open, picked));
          send(open.request(), picked);
        });
    return replica.isPresent();
  }

  private void send(GenerationRequest request, ActorRef<Replica.Command> replica) {
    choice.sent(replica);
    replica.tell(new Replica.Generate(request, getContext().getSelf().narrow()));
  }

  private void enqueue(Open open) {
    int limit = config.deploymentConfig().maxQueuedRequests();
    if (limit >= 0 && queue.size() >= limit) {
      open.sink()
          .fail(
              new ServingException(
                  ErrorCode.OVERLOADED,
                  "Every replica of model ["
                      + config.modelId()
                      + "] is full and "
                      + queue.size()
                      + " requests wait, as many as max-queued-requests allows; try later."));
      return;
    }
    queue.addLast(open);
  }

  private void drainQueue() {
    while (!queue.isEmpty() && dispatch(queue.peekFirst())) {
      queue.removeFirst();
    }
  }

  private Behavior<Command> onCancel(Cancel cancel) {
    queue.removeIf(open -> open.sink() == cancel.sink());
    Stream stream = streams.get(cancel.requestId());
    if (stream != null && stream.sink == cancel.sink()) {
      end(stream);
      stream.replica.tell(new Replica.Abort(cancel.requestId()));
    }
    return this;
  }

  private void end(Stream stream) {
    streams.remove(stream.request.requestId());
    choice.ended(stream.replica);
    drainQueue();
    if (closing && streams.isEmpty()) {
      getContext().getSelf().tell(new Close());
    }
  }

  private Behavior<Command> onClose(Close close) {
    closing = true;
    failQueue();
    return streams.isEmpty() ? Behaviors.stopped() : this;
  }

  private void failQueue() {
    queue.forEach(open -> open.sink().fail(notReady()));
    queue.clear();
  }

  private Behavior<Command> onTokens(Replica.Tokens tokens) {
    choice.report(tokens.replica(), tokens.backlogRequests());
    for (TokenEvent event : tokens.events()) {
      Stream stream = streamOf(tokens.replica(), event.requestId());
      if (stream != null) {
        deliver(stream, event);
      }
    }
    return this;
  }

  private @Nullable Stream streamOf(ActorRef<Replica.Command> replica, String requestId) {
    Stream stream = streams.get(requestId);
    return stream != null && stream.replica.equals(replica) ? stream : null;
  }

  private void deliver(Stream stream, TokenEvent event) {
    if (event.position() > stream.nextPosition) {
      askAgain(stream);
    }
    if (event.position() != stream.nextPosition) {
      return;
    }
    stream.nextPosition++;
    stream.asked = 0;
    stream.heardNanos = System.nanoTime();
    stream.sink.event(event);
    if (event.finishReason() != null) {
      end(stream);
    }
  }

  private void askAgain(Stream stream) {
    stream.replica.tell(
        new Replica.Resend(
            stream.request.requestId(), stream.nextPosition, getContext().getSelf().narrow()));
  }

  private Behavior<Command> onStillRunning(Replica.StillRunning running) {
    Stream stream = streamOf(running.replica(), running.requestId());
    if (stream != null) {
      stream.asked = 0;
      stream.heardNanos = System.nanoTime();
    }
    return this;
  }

  private Behavior<Command> onRequestFailed(Replica.RequestFailed failed) {
    Stream stream = streamOf(failed.replica(), failed.requestId());
    if (stream == null) {
      return this;
    }
    if (failed.code() == ErrorCode.NOT_READY) {
      forget(failed.replica());
      end(stream);
      return onOpen(new Open(stream.request, stream.sink));
    }
    fail(
        stream,
        ServingException.forParam(failed.code(), failed.param().orElse(null), failed.reason()));
    return this;
  }

  private void fail(Stream stream, ServingException error) {
    stream.sink.fail(error);
    end(stream);
  }

  private Behavior<Command> onBacklogReport(Replica.BacklogReport report) {
    choice.report(report.replica(), report.backlog().requests());
    listener.onReport(report);
    drainQueue();
    return this;
  }

  private Behavior<Command> onListed(Listed listed) {
    for (ActorRef<Replica.Command> known : choice.replicas()) {
      if (!listed.replicas().contains(known)) {
        forget(known);
      }
    }
    for (ActorRef<Replica.Command> replica : listed.replicas()) {
      if (choice.add(replica)) {
        replica.tell(new Replica.Subscribe(getContext().getSelf().narrow()));
      }
      if (watched.add(replica)) {
        getContext().watchWith(replica, new ReplicaLost(replica));
      }
    }
    listener.onReplicas(choice.size());
    drainQueue();
    return this;
  }

  /** Sends a replica nothing new; what it has goes on. */
  private void forget(ActorRef<Replica.Command> replica) {
    choice.remove(replica);
    listener.onReplicas(choice.size());
    if (choice.size() == 0) {
      failQueue();
    }
  }

  private Behavior<Command> onReplicaLost(ReplicaLost lost) {
    watched.remove(lost.replica());
    forget(lost.replica());
    listener.onReplicaLost(lost.replica());
    List.copyOf(streams.values()).stream()
        .filter(stream -> stream.replica.equals(lost.replica()))
        .forEach(this::onStreamLost);
    return this;
  }

  /** Sends a request of which nothing was delivered to another replica; ends any other. */
  private void onStreamLost(Stream stream) {
    if (stream.nextPosition == 0) {
      end(stream);
      onOpen(new Open(stream.request, stream.sink));
      return;
    }
    fail(
        stream,
        new ServingException(
            ErrorCode.REPLICA_FAILED,
            "The replica of model [" + config.modelId() + "] that generated has ended."));
  }

  private Behavior<Command> onTick(Tick tick) {
    long now = System.nanoTime();
    for (Stream stream : List.copyOf(streams.values())) {
      if (now - stream.heardNanos < resendAfter.toNanos()) {
        continue;
      }
      stream.asked++;
      if (stream.asked > MAX_ASKED) {
        stream.replica.tell(new Replica.Abort(stream.request.requestId()));
        fail(stream, new ServingException(ErrorCode.REPLICA_FAILED, "The replica is silent."));
      } else {
        askAgain(stream);
      }
    }
    return this;
  }

  private Behavior<Command> onPostStop() {
    streams.values().forEach(stream -> stream.sink.fail(notReady()));
    failQueue();
    listener.onReplicas(0);
    return this;
  }
}
