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
 * @param version which version of which deployment it serves
 * @param gang ordinal of its gang
 * @param placements where its bundles lie, by bundle index
 * @param owner whom the replica reports to at first
 */
public record ReplicaSpec(
    String name,
    DeploymentVersion version,
    int gang,
    List<BundlePlacement> placements,
    ActorRef<ReplicaGang.Command> owner)
    implements LaunchSpec {

  /** Copies the list. */
  public ReplicaSpec {
    placements = List.copyOf(placements);
  }

  /** Returns what it serves. */
  public LlmConfig config() {
    return version.config();
  }
}
