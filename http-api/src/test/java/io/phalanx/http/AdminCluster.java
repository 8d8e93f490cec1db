package io.phalanx.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.phalanx.placement.Bundle;
import io.phalanx.placement.PlacementComponents;
import io.phalanx.placement.PlacementGroup;
import io.phalanx.placement.PlacementGroupSpec;
import io.phalanx.placement.PlacementGroups;
import io.phalanx.placement.PlacementStrategy;
import io.phalanx.runtime.LocalCluster;
import io.phalanx.runtime.NodeComponent;
import io.phalanx.runtime.NodeContext;
import io.phalanx.runtime.PhalanxNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.javadsl.Behaviors;

/** Two nodes of two logical L4 each with the operator's routes, and no model. */
public final class AdminCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final LocalCluster cluster =
      LocalCluster.start(config(), List.of(AdminCluster::placement, new OpenAiServerProvider()));
  private final PlacementGroups groups = PlacementGroups.of(cluster.first().system());

  private AdminCluster() {}

  private static List<NodeComponent> placement(NodeContext context) {
    return PlacementComponents.of((spec, grant) -> Behaviors.empty());
  }

  private static Config config() {
    return ConfigFactory.parseString(
            """
            phalanx.http.port = 0
            phalanx.local-cluster {
              nodes = 2, gpus-per-node = 2, cpus-per-node = 16, accelerator-type = L4
            }
            """)
        .withFallback(ConfigFactory.load());
  }

  /**
   * Starts it with a group {@code shared}, half a GPU on each node, and a group {@code large} that
   * waits for 8 GPUs on one node.
   */
  public static AdminCluster start() {
    AdminCluster started = new AdminCluster();
    Set<String> addresses = Set.copyOf(started.addresses());
    started.groups.awaitNodes(addresses, PATIENCE).toCompletableFuture().join();
    PlacementGroup shared = started.create("shared", PlacementStrategy.STRICT_SPREAD, 0.5, 0.5);
    assertThat(shared.await(PATIENCE)).isTrue();
    started.create("large", PlacementStrategy.STRICT_PACK, 8);
    return started;
  }

  private PlacementGroup create(String name, PlacementStrategy strategy, double... gpus) {
    List<Bundle> bundles = Arrays.stream(gpus).mapToObj(Bundle::ofGpus).toList();
    return groups.create(new PlacementGroupSpec(name, name, bundles, strategy));
  }

  /** Returns the addresses of both nodes. */
  public List<String> addresses() {
    return cluster.nodes().stream()
        .map(PhalanxNode::address)
        .map(Object::toString)
        .collect(Collectors.toList());
  }

  /** Returns the groups of the cluster. */
  public PlacementGroups groups() {
    return groups;
  }

  /** Returns the port of the endpoint. */
  public int port() {
    return HttpEndpoint.of(cluster.first().system())
        .address()
        .toCompletableFuture()
        .join()
        .getPort();
  }

  /** Returns the URL of the endpoint. */
  public String url() {
    return "http://127.0.0.1:" + port();
  }

  @Override
  public void close() {
    cluster.close();
  }
}
