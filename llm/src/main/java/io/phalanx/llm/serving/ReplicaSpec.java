package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.placement.BundlePlacement;
import io.phalanx.placement.LaunchSpec;
import java.util.List;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * What starts a replica in bundle 0 of its placement group.
 *
 * @param name the replica's name, also the id of its placement group
 * @param config what it serves
 * @param deploymentId tells its deployment from an earlier one of the same model
 * @param placements where its bundles lie, by bundle index
 * @param owner whom the replica reports to
 */
public record ReplicaSpec(
    String name,
    LlmConfig config,
    String deploymentId,
    List<BundlePlacement> placements,
    ActorRef<ReplicaGang.Command> owner)
    implements LaunchSpec {

  /** Copies the list. */
  public ReplicaSpec {
    placements = List.copyOf(placements);
  }
}
