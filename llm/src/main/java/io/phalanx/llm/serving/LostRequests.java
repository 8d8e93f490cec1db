package io.phalanx.llm.serving;

import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import org.apache.pekko.actor.DeadLetter;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Extension;
import org.apache.pekko.actor.typed.ExtensionId;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.eventstream.EventStream;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * A node's answer to requests that were sent to a router which had just ended: they fail at once,
 * though nobody watches the router for them.
 */
final class LostRequests implements Extension {
  private static final ExtensionId<LostRequests> ID =
      new ExtensionId<>() {
        @Override
        public LostRequests createExtension(ActorSystem<?> system) {
          return new LostRequests(system);
        }
      };

  private LostRequests(ActorSystem<?> system) {
    system.systemActorOf(create(), "phalanx-lost-requests", Props.empty());
  }

  /** Answers such requests from now on; may be called again. */
  static void answer(ActorSystem<?> system) {
    system.registerExtension(ID);
  }

  private static Behavior<DeadLetter> create() {
    return Behaviors.setup(
        context -> {
          context
              .getSystem()
              .eventStream()
              .tell(new EventStream.Subscribe<>(DeadLetter.class, context.getSelf()));
          return Behaviors.receiveMessage(LostRequests::onDeadLetter);
        });
  }

  private static Behavior<DeadLetter> onDeadLetter(DeadLetter letter) {
    if (letter.message() instanceof ReplicaRouter.Open open) {
      open.sink()
          .fail(
              new ServingException(
                  ErrorCode.NOT_READY, "The model's router has ended; try again in a while."));
    }
    return Behaviors.same();
  }
}
