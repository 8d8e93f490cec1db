package io.phalanx.placement;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.runtime.PhalanxNode;
import io.phalanx.runtime.RuntimeSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.BehaviorInterceptor;
import org.apache.pekko.actor.typed.TypedActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.jspecify.annotations.Nullable;

/**
 * A control and worker node in a JVM of its own, for tests: {@code GPUS JOIN}, where {@code JOIN}
 * is the address of a member. Ends with its input.
 *
 * <p>Its agent can be told to go deaf: {@link Deafen}. It then prints {@code deaf} at the first
 * message of that kind and ignores it and all later ones of its epoch.
 */
final class PlacementNodeMain {

  /** The order to ignore nothing any more. */
  static final String HEAR = "HEAR";

  private PlacementNodeMain() {}

  /** Ignores, from now on, what the present manager says in this phase. */
  enum Deafen {
    PREPARE(NodeAgent.Prepare.class),
    COMMIT(NodeAgent.Commit.class),
    RELEASE(NodeAgent.Release.class);

    final Class<? extends NodeAgent.Command> phase;

    Deafen(Class<? extends NodeAgent.Command> phase) {
      this.phase = phase;
    }
  }

  /** Starts the node; each line of input is the name of a {@link Deafen} or {@link #HEAR}. */
  public static void main(String[] args) throws IOException {
    Config config =
        ConfigFactory.parseString(
                ("phalanx.node { host = \"127.0.0.1\", gpus = %s, cpus = 16"
                        + ", roles = [control, worker], accelerator-type = L4 }")
                    .formatted(args[0]))
            .withFallback(NodeProcess.SETTINGS)
            .withFallback(ConfigFactory.load())
            .resolve();
    Deafness deafness = new Deafness();
    try (PhalanxNode node =
        PhalanxNode.start(
            config,
            RuntimeSettings.of(config).node(),
            Optional.of(args[1]),
            List.of(
                context ->
                    PlacementComponents.of(
                        (spec, grant) -> Behaviors.empty(), agent -> around(agent, deafness))))) {
      System.out.println("node " + node.address());
      deafness.readOrders();
    }
  }

  private static Behavior<NodeAgent.Command> around(
      Behavior<NodeAgent.Command> agent, Deafness deafness) {
    return Behaviors.intercept(() -> deafness, agent);
  }

  /** What the agent is to ignore: one phase of the manager that is the first to speak of it. */
  private static final class Order {
    private final Deafen what;
    private @Nullable Epoch deafTo;

    Order(Deafen what) {
      this.what = what;
    }

    boolean isToBeIgnored(NodeAgent.Command message) {
      if (!what.phase.isInstance(message)) {
        return false;
      }
      if (deafTo == null) {
        deafTo = epochOf(message);
        System.out.println("deaf");
      }
      return epochOf(message).equals(deafTo);
    }

    private static Epoch epochOf(NodeAgent.Command message) {
      if (message instanceof NodeAgent.Prepare prepare) {
        return prepare.epoch();
      }
      if (message instanceof NodeAgent.Commit commit) {
        return commit.epoch();
      }
      return ((NodeAgent.Release) message).epoch();
    }
  }

  private static final class Deafness
      extends BehaviorInterceptor<NodeAgent.Command, NodeAgent.Command> {
    private volatile Optional<Order> order = Optional.empty();

    Deafness() {
      super(NodeAgent.Command.class);
    }

    void readOrders() throws IOException {
      BufferedReader input =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      for (String line = input.readLine(); line != null; line = input.readLine()) {
        order = line.equals(HEAR) ? Optional.empty() : Optional.of(new Order(Deafen.valueOf(line)));
        System.out.println("ordered");
      }
    }

    @Override
    public Behavior<NodeAgent.Command> aroundReceive(
        TypedActorContext<NodeAgent.Command> context,
        NodeAgent.Command message,
        ReceiveTarget<NodeAgent.Command> target) {
      return order.filter(now -> now.isToBeIgnored(message)).isPresent()
          ? Behaviors.same()
          : target.apply(context, message);
    }
  }
}
