package io.phalanx.llm.serving;

import io.phalanx.placement.BundleGrant;
import io.phalanx.placement.NodeAgent;
import io.phalanx.placement.Resources;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** A node agent that has room for everything and only launches and stops. */
final class FakeNode {

  private FakeNode() {}

  static Behavior<NodeAgent.Command> create(ServingEnvironment environment) {
    LlmWorkerLauncher launcher = new LlmWorkerLauncher(environment);
    return Behaviors.setup(
        context ->
            Behaviors.receive(NodeAgent.Command.class)
                .onMessage(
                    NodeAgent.Launch.class,
                    launch -> {
                      BundleGrant grant =
                          new BundleGrant(
                              launch.bundle(), Resources.ofGpus(1), List.of(), "127.0.0.1");
                      ActorRef<?> actor =
                          context.spawnAnonymous(
                              launcher.launch(launch.spec(), grant), launcher.props(launch.spec()));
                      launch
                          .replyTo()
                          .tell(
                              new NodeAgent.Launched(
                                  launch.bundle(), launch.name(), actor.unsafeUpcast()));
                      return Behaviors.same();
                    })
                .build());
  }
}
