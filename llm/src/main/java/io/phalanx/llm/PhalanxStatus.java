package io.phalanx.llm;

import io.phalanx.llm.serving.DeploymentStatus;
import io.phalanx.placement.GroupView;
import io.phalanx.placement.NodeView;
import java.util.List;

/**
 * A cluster and what it serves, at one moment.
 *
 * @param nodes its worker nodes, by address
 * @param groups its placement groups, in the order in which they were asked for
 * @param deployments the models that were deployed here, by id
 */
public record PhalanxStatus(
    List<NodeView> nodes, List<GroupView> groups, List<DeploymentStatus> deployments) {

  /** Copies the lists. */
  public PhalanxStatus {
    nodes = List.copyOf(nodes);
    groups = List.copyOf(groups);
    deployments = List.copyOf(deployments);
  }

  /** Returns whether every deployment has a replica that can answer. */
  public boolean isReady() {
    return !deployments.isEmpty() && deployments.stream().allMatch(DeploymentStatus::isReady);
  }
}
