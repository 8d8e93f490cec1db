package io.phalanx.llm;

import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.japi.Pair;
import org.apache.pekko.pattern.StatusReply;
import org.apache.pekko.stream.KillSwitches;
import org.apache.pekko.stream.UniqueKillSwitch;
import org.apache.pekko.stream.javadsl.Keep;
import org.apache.pekko.stream.javadsl.Sink;
import org.jspecify.annotations.Nullable;

/**
 * A deployed model as an actor of this node, for use by other actors.
 *
 * <pre>{@code
 * ActorRef<ModelActor.Command> model =
 *     context.spawn(ModelActor.create(phalanx.model("assistant")), "assistant");
 * model.tell(new ModelActor.Generate(request, events)); // events: ActorRef<ModelActor.Event>
 *
 * CompletionStage<Generated> whole =
 *     AskPattern.askWithStatus(
 *         model, replyTo -> new ModelActor.GenerateWhole(request, replyTo), timeout, scheduler);
 * }</pre>
 *
 * <p>Events come as fast as they are generated. A receiver that stops ends its requests, and so
 * does the end of this actor; the actor does not notice when the model is deleted, and answers
 * {@link Failed} then.
 */
public final class ModelActor extends AbstractBehavior<ModelActor.Command> {

  /** What a model can be asked. */
  public sealed interface Command {}

  /** Generates a sequence and tells every token. */
  public record Generate(GenerationRequest request, ActorRef<Event> replyTo) implements Command {}

  /**
   * Generates a sequence and tells it at the end; a failure is a {@link ServingException}. Who asks
   * and gives up, or stops, ends it.
   */
  public record GenerateWhole(GenerationRequest request, ActorRef<StatusReply<Generated>> replyTo)
      implements Command {}

  /**
   * Ends a {@link Generate} or {@link GenerateWhole} whose tokens nobody wants any more; its asker
   * is told nothing further.
   */
  public record Abort(String requestId) implements Command {}

  private record Ended(Running request, ActorRef<Event> receiver, @Nullable Throwable failure)
      implements Command {}

  private record WholeEnded(
      Running request,
      ActorRef<StatusReply<Generated>> replyTo,
      @Nullable Generated answer,
      @Nullable Throwable failure)
      implements Command {}

  private record ReceiverLost(ActorRef<?> receiver) implements Command {}

  /** What a {@link Generate} is told. */
  public sealed interface Event {

    /** Returns the request. */
    String requestId();
  }

  /** The next token; the last one has a finish reason. */
  public record Token(TokenEvent event) implements Event {
    @Override
    public String requestId() {
      return event.requestId();
    }
  }

  /** There will be no further token, because something went wrong. */
  public record Failed(String requestId, ErrorCode code, String reason) implements Event {}

  private record Running(String requestId, ActorRef<?> receiver, Runnable end) {}

  private final ModelHandle model;
  private final Map<String, Running> running = new HashMap<>();

  /** Creates the actor of a model. */
  public static Behavior<Command> create(ModelHandle model) {
    return Behaviors.setup(context -> new ModelActor(context, model));
  }

  private ModelActor(ActorContext<Command> context, ModelHandle model) {
    super(context);
    this.model = model;
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder()
        .onMessage(Generate.class, this::onGenerate)
        .onMessage(GenerateWhole.class, this::onGenerateWhole)
        .onMessage(Abort.class, this::onAbort)
        .onMessage(Ended.class, this::onEnded)
        .onMessage(WholeEnded.class, this::onWholeEnded)
        .onMessage(ReceiverLost.class, this::onReceiverLost)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onGenerate(Generate generate) {
    String id = generate.request().requestId();
    ActorRef<Event> receiver = generate.replyTo();
    if (running.containsKey(id)) {
      receiver.tell(new Failed(id, ErrorCode.INVALID_REQUEST, inUse(id)));
      return this;
    }
    Pair<UniqueKillSwitch, CompletionStage<Done>> stream =
        model
            .generate(generate.request())
            .viaMat(KillSwitches.single(), Keep.right())
            .toMat(Sink.foreach(event -> receiver.tell(new Token(event))), Keep.both())
            .run(getContext().getSystem());
    Running request = new Running(id, receiver, stream.first()::shutdown);
    begin(request);
    getContext()
        .pipeToSelf(stream.second(), (done, failure) -> new Ended(request, receiver, failure));
    return this;
  }

  private static String inUse(String requestId) {
    return "Request id " + requestId + " is in use.";
  }

  private void begin(Running request) {
    ActorRef<?> receiver = request.receiver();
    if (isFree(receiver)) {
      getContext().watchWith(receiver, new ReceiverLost(receiver));
    }
    running.put(request.requestId(), request);
  }

  private boolean isFree(ActorRef<?> receiver) {
    return running.values().stream().noneMatch(other -> other.receiver().equals(receiver));
  }

  private Behavior<Command> onGenerateWhole(GenerateWhole generate) {
    String id = generate.request().requestId();
    ActorRef<StatusReply<Generated>> replyTo = generate.replyTo();
    if (running.containsKey(id)) {
      replyTo.tell(StatusReply.error(new ServingException(ErrorCode.INVALID_REQUEST, inUse(id))));
      return this;
    }
    CompletableFuture<Generated> whole = model.generateWhole(generate.request());
    Running request = new Running(id, replyTo, () -> whole.cancel(false));
    begin(request);
    getContext()
        .pipeToSelf(whole, (answer, failure) -> new WholeEnded(request, replyTo, answer, failure));
    return this;
  }

  private Behavior<Command> onWholeEnded(WholeEnded ended) {
    if (running.remove(ended.request().requestId(), ended.request())) {
      forget(ended.replyTo());
      ended.replyTo().tell(reply(ended.answer(), ended.failure()));
    }
    return this;
  }

  private static StatusReply<Generated> reply(
      @Nullable Generated answer, @Nullable Throwable failure) {
    return answer != null ? StatusReply.success(answer) : StatusReply.error(serving(failure));
  }

  private static ServingException serving(@Nullable Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    return cause instanceof ServingException known
        ? known
        : new ServingException(ErrorCode.INTERNAL, "The generation failed.", cause);
  }

  private Behavior<Command> onAbort(Abort abort) {
    Running request = running.remove(abort.requestId());
    if (request != null) {
      end(request);
    }
    return this;
  }

  private void end(Running request) {
    request.end().run();
    forget(request.receiver());
  }

  private void forget(ActorRef<?> receiver) {
    if (isFree(receiver)) {
      getContext().unwatch(receiver);
    }
  }

  private Behavior<Command> onEnded(Ended ended) {
    Running request = ended.request();
    if (running.remove(request.requestId(), request)) {
      forget(request.receiver());
      if (ended.failure() != null) {
        ServingException e = serving(ended.failure());
        ended.receiver().tell(new Failed(request.requestId(), e.code(), e.reason()));
      }
    }
    return this;
  }

  private Behavior<Command> onReceiverLost(ReceiverLost lost) {
    running
        .values()
        .removeIf(
            request -> {
              boolean its = request.receiver().equals(lost.receiver());
              if (its) {
                request.end().run();
              }
              return its;
            });
    return this;
  }

  private Behavior<Command> onPostStop() {
    running.values().forEach(request -> request.end().run());
    return this;
  }
}
