package io.phalanx.placement;

import io.phalanx.runtime.NodeComponent;
import io.phalanx.runtime.NodeContext;
import io.phalanx.runtime.NodeRole;
import io.phalanx.runtime.device.DeviceInventory;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.ddata.typed.javadsl.DistributedData;
import org.apache.pekko.cluster.typed.Cluster;

/** What placement adds to a node: an agent on workers, the manager's singleton on control nodes. */
public final class PlacementComponents {

  private PlacementComponents() {}

  /** Returns the components; {@code launcher} starts what is placed on the node's bundles. */
  public static List<NodeComponent> of(WorkerLauncher launcher) {
    return of(launcher, agent -> agent);
  }

  /** Returns the components, with {@code around} laid around every node agent. */
  static List<NodeComponent> of(
      WorkerLauncher launcher, UnaryOperator<Behavior<NodeAgent.Command>> around) {
    return List.of(
        new NodeComponent(NodeRole.WORKER, "node", node -> agents(node, launcher, around)),
        new NodeComponent(NodeRole.CONTROL, "placement", node -> manager()),
        new NodeComponent(NodeRole.INGRESS, "desired-state", node -> replica()));
  }

  /** Every node keeps a replica of the desired state, since most nodes must confirm a write. */
  private static Behavior<Void> replica() {
    return Behaviors.setup(
        context -> {
          DistributedData.get(context.getSystem());
          return Behaviors.empty();
        });
  }

  private static Behavior<Void> manager() {
    return Behaviors.setup(
        context -> {
          DistributedData.get(context.getSystem());
          PlacementGroupManager.init(context.getSystem());
          return Behaviors.empty();
        });
  }

  /**
   * Keeps one agent running. An agent that failed has lost its ledger and all that ran in its
   * bundles, so the next one is a new node to the manager.
   */
  private static Behavior<Void> agents(
      NodeContext node,
      WorkerLauncher launcher,
      UnaryOperator<Behavior<NodeAgent.Command>> around) {
    return Behaviors.setup(
        context -> {
          DistributedData.get(context.getSystem());
          startAgent(context, node, launcher, around);
          return Behaviors.receive(Void.class)
              .onSignal(
                  Terminated.class,
                  stopped -> {
                    context.getLog().error("Node agent [{}] failed", stopped.getRef());
                    startAgent(context, node, launcher, around);
                    return Behaviors.same();
                  })
              .build();
        });
  }

  private static void startAgent(
      ActorContext<Void> context,
      NodeContext node,
      WorkerLauncher launcher,
      UnaryOperator<Behavior<NodeAgent.Command>> around) {
    PlacementSettings settings = PlacementSettings.of(node.config());
    Address address = Cluster.get(context.getSystem()).selfMember().address();
    String hostAndPort = address.host().get() + ":" + address.port().get();
    String life = UUID.randomUUID().toString().substring(0, 8);
    NodeInfo info = nodeInfo(node, hostAndPort + "#" + life, hostAndPort);
    Behavior<NodeAgent.Command> agent =
        Behaviors.supervise(around.apply(NodeAgent.create(info, launcher, settings)))
            .onFailure(SupervisorStrategy.stop());
    context.watch(context.spawn(agent, "agent-" + life));
  }

  /** Returns what a node offers, as bundles ask for it. */
  static NodeInfo nodeInfo(NodeContext node, String nodeId, String address) {
    DeviceInventory devices = node.devices();
    Map<String, Double> total = new HashMap<>();
    total.put(Resources.CPU, (double) devices.cpus());
    total.put(Resources.MEMORY, (double) devices.memoryBytes());
    total.put(Resources.GPU, (double) devices.slots().size());
    Map<String, String> labels = new HashMap<>();
    if (!devices.slots().isEmpty() && !devices.acceleratorType().isEmpty()) {
      labels.put(NodeInfo.ACCELERATOR_TYPE, devices.acceleratorType());
      total.put(NodeInfo.ACCELERATOR_RESOURCE_PREFIX + devices.acceleratorType(), 1.0);
    }
    labels.putAll(node.settings().labels());
    List<String> roles =
        node.settings().roles().stream().sorted().map(NodeRole::configName).toList();
    return new NodeInfo(nodeId, address, roles, labels, Resources.of(total), devices.slots());
  }
}
