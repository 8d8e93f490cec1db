package io.phalanx.runtime;

import java.time.Duration;
import java.util.List;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * The root of a node's actors: starts the components of the node's roles and restarts one that
 * fails. A component that stops, or fails too often, takes the node down in an orderly way: what
 * the node was to do is then taken over by others.
 */
public final class NodeGuardian extends AbstractBehavior<NodeGuardian.Command> {
  private static final int MOST_RESTARTS = 3;
  private static final Duration RESTARTS_WITHIN = Duration.ofMinutes(1);

  /** What the guardian is told; nothing from outside. */
  public sealed interface Command {}

  private record ComponentStopped(String name) implements Command {}

  /** Why a node stops by itself: a component that it cannot do without has stopped. */
  record ComponentStoppedReason(String name) implements CoordinatedShutdown.Reason {}

  /**
   * Creates the guardian of the node that {@code node} describes.
   *
   * @param components of all roles; those of the node's own are started
   */
  public static Behavior<Command> create(NodeContext node, List<NodeComponent> components) {
    return Behaviors.setup(context -> new NodeGuardian(context, node, components));
  }

  private NodeGuardian(
      ActorContext<Command> context, NodeContext node, List<NodeComponent> components) {
    super(context);
    components.stream()
        .filter(component -> node.settings().roles().contains(component.role()))
        .forEach(component -> start(component, node));
  }

  @Override
  public Receive<Command> createReceive() {
    return newReceiveBuilder().onMessage(ComponentStopped.class, this::onStopped).build();
  }

  private void start(NodeComponent component, NodeContext node) {
    ActorRef<?> actor =
        getContext()
            .spawn(
                Behaviors.supervise(component.behavior().apply(node))
                    .onFailure(
                        SupervisorStrategy.restart().withLimit(MOST_RESTARTS, RESTARTS_WITHIN)),
                component.name());
    getContext().watchWith(actor, new ComponentStopped(component.name()));
  }

  private Behavior<Command> onStopped(ComponentStopped stopped) {
    getContext().getLog().error("Component [{}] stopped, so the node stops", stopped.name());
    CoordinatedShutdown.get(getContext().getSystem())
        .runAll(new ComponentStoppedReason(stopped.name()));
    return this;
  }
}
