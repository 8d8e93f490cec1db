package io.phalanx.runtime;

import java.util.function.Function;
import org.apache.pekko.actor.typed.Behavior;

/**
 * An actor that every node with a role runs, as a child of the node's guardian.
 *
 * @param role the role of the nodes that run it
 * @param name the actor's name, unique on the node; its path is {@code /user/<name>}
 * @param behavior makes the actor's behavior for a node
 */
public record NodeComponent(
    NodeRole role, String name, Function<NodeContext, Behavior<?>> behavior) {}
