package io.phalanx.llm.serving;

import io.phalanx.runtime.NodeRole;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.SingletonActor;

/**
 * The one actor of the cluster that sees to it that every deployment has a running controller: it
 * tells the entity of each record to wake, again and again. One that runs ignores that.
 */
final class DeploymentWaker {
  private static final Duration INTERVAL = Duration.ofSeconds(2);
  private static final String NAME = "deployment-waker";

  /** What the waker is told. */
  sealed interface Command {}

  private record Tick() implements Command {}

  private record Known(List<String> modelIds) implements Command {}

  private DeploymentWaker() {}

  /** Runs the waker on the oldest control node; to be called on every control node. */
  static void init(ActorSystem<?> system) {
    Behavior<Command> behavior =
        create(
            new ReplicatedRecords(system),
            modelId ->
                DeploymentController.of(system, modelId).tell(new DeploymentController.Wake()));
    ClusterSingleton.get(system)
        .init(
            SingletonActor.of(behavior, NAME)
                .withSettings(
                    ClusterSingletonSettings.create(system)
                        .withRole(NodeRole.CONTROL.configName())));
  }

  static Behavior<Command> create(DeploymentRecords records, Consumer<String> wake) {
    return Behaviors.withTimers(
        timers -> {
          timers.startTimerWithFixedDelay(new Tick(), Duration.ZERO, INTERVAL);
          return Behaviors.setup(
              context ->
                  Behaviors.receive(Command.class)
                      .onMessage(
                          Tick.class,
                          tick -> {
                            context.pipeToSelf(
                                records.knownModelIds(),
                                (ids, failure) -> new Known(ids == null ? List.of() : ids));
                            return Behaviors.same();
                          })
                      .onMessage(
                          Known.class,
                          known -> {
                            known.modelIds().forEach(wake);
                            return Behaviors.same();
                          })
                      .build());
        });
  }
}
