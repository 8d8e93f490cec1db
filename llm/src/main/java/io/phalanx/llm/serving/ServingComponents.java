package io.phalanx.llm.serving;

import com.typesafe.config.Config;
import io.phalanx.llm.hub.HubSettings;
import io.phalanx.llm.models.RankModelRunner;
import io.phalanx.llm.tokenizer.HuggingFaceTokenizer;
import io.phalanx.placement.PlacementComponents;
import io.phalanx.placement.PlacementGroupManager;
import io.phalanx.runtime.NodeComponent;
import io.phalanx.runtime.NodeComponentProvider;
import io.phalanx.runtime.NodeContext;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.collective.ProcessGroups;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/**
 * What a node runs in order to serve models: placement, the sharding of deployments (on control
 * nodes, the others reach it), and the routers of deployed models (ingress).
 */
public final class ServingComponents implements NodeComponentProvider {

  @Override
  public List<NodeComponent> components(NodeContext context) {
    return components(environment(context.config()));
  }

  /** Returns what a node of this configuration serves with. */
  static ServingEnvironment environment(Config config) {
    return new ServingEnvironment(
        new LocalModels(HubSettings.of(config)),
        HuggingFaceTokenizer::load,
        ProcessGroups::join,
        RankModelRunner::load,
        ServingSettings.of(config));
  }

  /** Returns the same components over another environment, for tests. */
  static List<NodeComponent> components(ServingEnvironment environment) {
    List<NodeComponent> components =
        new ArrayList<>(PlacementComponents.of(new LlmWorkerLauncher(environment)));
    components.add(new NodeComponent(NodeRole.CONTROL, "deployments", node -> controllers()));
    components.add(new NodeComponent(NodeRole.WORKER, "deployments-proxy", node -> sharding()));
    components.add(new NodeComponent(NodeRole.INGRESS, "deployments-access", node -> sharding()));
    components.add(
        new NodeComponent(
            NodeRole.INGRESS, "models", node -> IngressModels.create(environment, node.metrics())));
    return components;
  }

  private static Behavior<Void> controllers() {
    return Behaviors.setup(
        context -> {
          DeploymentController.init(
              context.getSystem(), PlacementGroupManager.init(context.getSystem()));
          DeploymentWaker.init(context.getSystem());
          return Behaviors.empty();
        });
  }

  /** Every node reaches deployments; only control nodes have them. */
  private static Behavior<Void> sharding() {
    return Behaviors.setup(
        context -> {
          DeploymentController.init(
              context.getSystem(), PlacementGroupManager.init(context.getSystem()));
          return Behaviors.empty();
        });
  }
}
