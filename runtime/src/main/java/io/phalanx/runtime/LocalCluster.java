package io.phalanx.runtime;

import com.typesafe.config.Config;
import io.phalanx.runtime.device.DeviceInventory;
import io.phalanx.runtime.device.DeviceProbe;
import io.phalanx.runtime.metrics.Metrics;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Several nodes with logical GPUs in this JVM that form one cluster over the loopback network. The
 * first has all roles, the others are workers. They share their metrics.
 */
public final class LocalCluster implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(LocalCluster.class);

  private final List<PhalanxNode> nodes = new CopyOnWriteArrayList<>();
  private final ExitHook exitHook = ExitHook.install("phalanx-cluster-exit", this::stopNodes);

  private LocalCluster() {}

  /** Starts the nodes with the components of every {@link NodeComponentProvider} found. */
  public static LocalCluster start(Config config) {
    return start(config, PhalanxNode.foundProviders());
  }

  /**
   * Starts the nodes that {@code phalanx.local-cluster} describes and waits until all are members.
   *
   * @param config the whole configuration, resolved
   * @param providers what the nodes run
   */
  public static LocalCluster start(Config config, List<NodeComponentProvider> providers) {
    LocalCluster cluster = new LocalCluster();
    try {
      cluster.startNodes(config, providers);
      return cluster;
    } catch (RuntimeException e) {
      cluster.close();
      throw e;
    }
  }

  /** A stop at the JVM's exit waits for the start: nodes that come and go at once are noisy. */
  private synchronized void startNodes(Config config, List<NodeComponentProvider> providers) {
    RuntimeSettings settings = RuntimeSettings.of(config);
    LOG.debug("Starting [{}] nodes in this JVM", settings.localCluster().nodes());
    Metrics metrics = new Metrics();
    for (int i = 0; i < settings.localCluster().nodes(); i++) {
      PhalanxNode node = PhalanxNode.create(context(config, settings, i, metrics), providers);
      node.removeExitHook();
      nodes.add(node);
    }
    first().join(Optional.empty());
    Optional<NodeAddress> join = Optional.of(first().address());
    List<PhalanxNode> others = nodes.subList(1, nodes.size());
    others.forEach(node -> node.beginJoin(join));
    others.forEach(node -> node.awaitUp(join));
  }

  private static NodeContext context(
      Config config, RuntimeSettings settings, int index, Metrics metrics) {
    LocalClusterSettings cluster = settings.localCluster();
    NodeSettings node = settings.node().forLocalCluster(cluster, index);
    long memoryBytes =
        node.memoryBytes().orElse(DeviceProbe.machineMemoryBytes() / cluster.nodes());
    DeviceInventory devices =
        new DeviceProbe(node.gpus(), node.cpus(), Optional.of(memoryBytes), node.acceleratorType())
            .logical();
    return new NodeContext(node, config, devices, metrics);
  }

  /** Returns the running nodes, the one with all roles first. */
  public List<PhalanxNode> nodes() {
    return List.copyOf(nodes);
  }

  /** Returns the node with all roles. */
  public PhalanxNode first() {
    return nodes.get(0);
  }

  /**
   * Stops the nodes and returns when that is done. The first drains, since its requests may need
   * the workers, and leaves the cluster before they stop. Its actor system ends last, so that it
   * still acknowledges what the workers send it: Pekko warns of what nobody acknowledges.
   */
  @Override
  public void close() {
    exitHook.remove();
    stopNodes();
  }

  private synchronized void stopNodes() {
    List<PhalanxNode> started = nodes();
    if (!started.isEmpty()) {
      started.get(0).endAfter(started.subList(1, started.size()));
    }
    started.forEach(PhalanxNode::stop);
  }
}
