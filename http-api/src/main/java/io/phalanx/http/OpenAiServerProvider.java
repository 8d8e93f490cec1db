package io.phalanx.http;

import io.phalanx.llm.serving.ModelCatalog;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.runtime.NodeComponent;
import io.phalanx.runtime.NodeComponentProvider;
import io.phalanx.runtime.NodeContext;
import io.phalanx.runtime.NodeRole;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** Adds the OpenAI endpoint to every node with the ingress role. */
public final class OpenAiServerProvider implements NodeComponentProvider {

  /** Creates the provider; called by {@link java.util.ServiceLoader}. */
  public OpenAiServerProvider() {}

  @Override
  public List<NodeComponent> components(NodeContext context) {
    return List.of(new NodeComponent(NodeRole.INGRESS, "openai", OpenAiServerProvider::server));
  }

  private static Behavior<OpenAiServer.Command> server(NodeContext context) {
    return Behaviors.setup(
        actor ->
            OpenAiServer.create(
                context.config(),
                ModelCatalog.get(actor.getSystem()),
                Optional.of(PlacementGroups.of(actor.getSystem())),
                context.metrics()));
  }
}
