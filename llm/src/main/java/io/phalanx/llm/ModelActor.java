package io.phalanx.llm;

import io.phalanx.llm.engine.GenerationRequest;
import io.phalanx.llm.engine.TokenEvent;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.util.HashMap;
import java.util.Map;
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

  /** Generates a sequence and tells it at the end; a failure is a {@link ServingException}. */
  public record GenerateWhole(GenerationRequest request, ActorRef<StatusReply<Generated>> replyTo)
      implements Command {}

  /** Ends a {@link Generate} whose tokens nobody wants any more; it gets no further event. */
  public record Abort(String requestId) implements Command {}

  private record Ended(Running request, @Nullable Throwable failure) implements Command {}

  private record ReceiverLost(ActorRef<Event> receiver) implements Command {}

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

  private record Running(String requestId, ActorRef<Event> receiver, UniqueKillSwitch end) {}

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
        .onMessage(ReceiverLost.class, this::onReceiverLost)
        .onSignal(PostStop.class, signal -> onPostStop())
        .build();
  }

  private Behavior<Command> onGenerate(Generate generate) {
    String id = generate.request().requestId();
    ActorRef<Event> receiver = generate.replyTo();
    if (running.containsKey(id)) {
      receiver.tell(new Failed(id, ErrorCode.INVALID_REQUEST, "Request id " + id + " is in use."));
      return this;
    }
    Pair<UniqueKillSwitch, CompletionStage<Done>> stream =
        model
            .generate(generate.request())
            .viaMat(KillSwitches.single(), Keep.right())
            .toMat(Sink.foreach(event -> receiver.tell(new Token(event))), Keep.both())
            .run(getContext().getSystem());
    Running request = new Running(id, receiver, stream.first());
    if (running.values().stream().noneMatch(other -> other.receiver().equals(receiver))) {
      getContext().watchWith(receiver, new ReceiverLost(receiver));
    }
    running.put(id, request);
    getContext().pipeToSelf(stream.second(), (done, failure) -> new Ended(request, failure));
    return this;
  }

  private Behavior<Command> onGenerateWhole(GenerateWhole generate) {
    CompletionStage<Generated> ended = model.generateWhole(generate.request());
    ended.whenComplete((answer, failure) -> generate.replyTo().tell(reply(answer, failure)));
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
    request.end().shutdown();
    forget(request.receiver());
  }

  private void forget(ActorRef<Event> receiver) {
    if (running.values().stream().noneMatch(other -> other.receiver().equals(receiver))) {
      getContext().unwatch(receiver);
    }
  }

  private Behavior<Command> onEnded(Ended ended) {
    Running request = ended.request();
    if (running.remove(request.requestId(), request)) {
      forget(request.receiver());
      if (ended.failure() != null) {
        ServingException e = serving(ended.failure());
        request.receiver().tell(new Failed(request.requestId(), e.code(), e.reason()));
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
                request.end().shutdown();
              }
              return its;
            });
    return this;
  }

  private Behavior<Command> onPostStop() {
    running.values().forEach(request -> request.end().shutdown());
    return this;
  }
}
