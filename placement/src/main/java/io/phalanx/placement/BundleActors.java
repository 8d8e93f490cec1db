package io.phalanx.placement;

import io.phalanx.placement.NodeState.Child;
import io.phalanx.placement.reservation.Holding;
import io.phalanx.runtime.error.ErrorCode;
import io.phalanx.runtime.error.ServingException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/** The actors that a {@link NodeAgent} runs in its bundles; used by the agent alone. */
final class BundleActors {
  private final ActorContext<NodeAgent.Command> context;
  private final WorkerLauncher launcher;
  private final NodeInfo node;
  private final BiFunction<BundleId, String, NodeAgent.Command> stopped;
  private final Map<BundleId, Map<String, Child>> children = new HashMap<>();
  private final Set<Child> stopping = new HashSet<>();
  private long launches;

  /**
   * Creates an empty set.
   *
   * @param stopped makes the message by which the agent learns that an actor has stopped
   */
  BundleActors(
      ActorContext<NodeAgent.Command> context,
      WorkerLauncher launcher,
      NodeInfo node,
      BiFunction<BundleId, String, NodeAgent.Command> stopped) {
    this.context = context;
    this.launcher = launcher;
    this.node = node;
    this.stopped = stopped;
  }

  static NodeAgent.LaunchReply refusedAsNotReserved(NodeAgent.Launch command, NodeInfo node) {
    String reason =
        "bundle [%s] is not reserved on node [%s]".formatted(command.bundle(), node.address());
    return refused(command, ErrorCode.BUNDLE_NOT_PREPARED, reason);
  }

  private static NodeAgent.LaunchReply refused(
      NodeAgent.Launch command, ErrorCode code, String reason) {
    return new NodeAgent.LaunchRefused(command.bundle(), command.name(), code, reason);
  }

  /** Says which actor of this name runs, started now if none does, or why none can. */
  NodeAgent.LaunchReply launch(NodeAgent.Launch command, Holding holding) {
    try {
      Child child = find(command, holding);
      return new NodeAgent.Launched(command.bundle(), command.name(), child.actor());
    } catch (ServingException e) {
      return refused(command, e.code(), e.reason());
    } catch (RuntimeException e) {
      context.getLog().error("Launch of [{}] failed", command.name(), e);
      return refused(command, ErrorCode.INTERNAL, String.valueOf(e));
    }
  }

  private Child find(NodeAgent.Launch command, Holding holding) {
    Child running = children.getOrDefault(command.bundle(), Map.of()).get(command.name());
    if (running == null) {
      return start(command, holding);
    }
    if (stopping.contains(running)) {
      throw new ServingException(
          ErrorCode.NOT_READY,
          "[%s] in bundle [%s] is stopping; ask again".formatted(running.name(), holding.id()));
    }
    if (!running.spec().equals(command.spec())) {
      throw new ServingException(
          ErrorCode.INVALID_REQUEST,
          "[%s] in bundle [%s] runs with another specification; stop it first"
              .formatted(running.name(), holding.id()));
    }
    return running;
  }

  private Child start(NodeAgent.Launch command, Holding holding) {
    BundleGrant grant =
        new BundleGrant(
            holding.id(),
            holding.resources(),
            holding.deviceIndexes().stream().map(node.devices()::get).toList(),
            node.host());
    Behavior<Object> behavior = untyped(launcher.launch(command.spec(), grant));
    ActorRef<Object> actor =
        context.spawn(
            behavior, actorName(holding.id(), command.name()), launcher.props(command.spec()));
    context.watchWith(actor, stopped.apply(holding.id(), command.name()));
    Child child = new Child(command.name(), command.spec(), actor);
    children.computeIfAbsent(holding.id(), id -> new TreeMap<>()).put(child.name(), child);
    return child;
  }

  @SuppressWarnings("unchecked") // whoever asked for the actor narrows its reference to its type
  private static Behavior<Object> untyped(Behavior<?> behavior) {
    return (Behavior<Object>) behavior;
  }

  /** Names are unique over the agent's life, since a stopped actor's name is not free at once. */
  private String actorName(BundleId bundle, String name) {
    launches++;
    String text = bundle.groupId() + "-" + bundle.index() + "-" + name + "-" + launches;
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  void stop(BundleId bundle, String name) {
    Child child = children.getOrDefault(bundle, Map.of()).get(name);
    if (child != null && stopping.add(child)) {
      context.stop(child.actor());
    }
  }

  /** Stops all in a bundle; returns whether anything has yet to stop. */
  boolean stopAll(BundleId bundle) {
    of(bundle).forEach(child -> stop(bundle, child.name()));
    return !isEmpty(bundle);
  }

  void remove(BundleId bundle, String name) {
    Map<String, Child> inBundle = children.getOrDefault(bundle, Map.of());
    Child child = inBundle.get(name);
    if (child != null) {
      inBundle.remove(name);
      stopping.remove(child);
    }
    if (inBundle.isEmpty()) {
      children.remove(bundle);
    }
  }

  boolean isEmpty(BundleId bundle) {
    return !children.containsKey(bundle);
  }

  List<Child> of(BundleId bundle) {
    return List.copyOf(children.getOrDefault(bundle, Map.of()).values());
  }
}
