package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.runtime.serialization.WireMessage;
import java.util.List;
import java.util.Optional;

/**
 * A deployment at one moment.
 *
 * @param config what it serves, or is being updated to
 * @param version number of the version that is: 1 at first, one more with each update that replaces
 *     replicas
 * @param state how it is
 * @param message one sentence about that, also what it waits for
 * @param failure why it was given up, if it was
 * @param updateFailure why the last update was undone, if it was
 * @param createdEpochSeconds when it was created, in seconds since 1970
 * @param targetReplicas replicas aimed at (under data parallelism: gangs)
 * @param replicas all replicas, by gang and name
 * @param decisions the latest changes of the target, the newest last
 */
public record DeploymentStatus(
    LlmConfig config,
    int version,
    DeploymentState state,
    String message,
    Optional<DeploymentFailure> failure,
    Optional<DeploymentFailure> updateFailure,
    long createdEpochSeconds,
    int targetReplicas,
    List<ReplicaStatus> replicas,
    List<ScalingDecision> decisions)
    implements WireMessage {

  /** Copies the lists. */
  public DeploymentStatus {
    replicas = List.copyOf(replicas);
    decisions = List.copyOf(decisions);
  }

  /** Returns whether at least one replica can answer. */
  public boolean isReady() {
    return replicas.stream().anyMatch(replica -> replica.state() == ReplicaState.READY);
  }
}
