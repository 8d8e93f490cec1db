package io.phalanx.placement;

import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;

/** Where a placement group manager keeps the desired groups, so that they survive its node. */
@FunctionalInterface
interface DesiredState {

  /** What the keeper can be asked. */
  sealed interface Command permits Write, DesiredStateReplica.Internal {}

  /** Writes a part as a whole; answered by {@link Written} once most nodes have it. */
  record Write(int bucket, DesiredBucket content) implements Command {}

  /** What the keeper tells. */
  sealed interface Event {}

  /** All that earlier managers have written; the first event. */
  record Loaded(List<DesiredGroup> groups) implements Event {}

  /** A part is on most nodes, or, if not {@code done}, perhaps only on some. */
  record Written(int bucket, DesiredBucket content, boolean done) implements Event {}

  /** Returns the behavior of an actor that begins to read and tells {@code listener}. */
  Behavior<Command> create(ActorRef<Event> listener);
}
