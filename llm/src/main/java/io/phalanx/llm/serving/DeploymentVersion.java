package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;
import io.phalanx.runtime.serialization.WireMessage;

/**
 * One configuration of a deployment that has replicas, or is to have them.
 *
 * @param id unique over all deployments of all time; the key by which ingresses find its replicas
 * @param number for people: 1 for the first version of a deployment, then 2 and so on
 * @param config what its replicas serve; counts, limits and delays may change within a version
 * @param trial what is known of it
 */
public record DeploymentVersion(String id, int number, LlmConfig config, Trial trial)
    implements WireMessage {

  /**
   * What is known of a version.
   *
   * <pre>
   * NEW  -> GOOD  a replica of it has generated a real token
   * any  -> BAD   the update to it failed, or another one came before it was good
   * BAD  -> NEW   it is deployed again while it still has replicas
   * </pre>
   */
  public enum Trial {
    NEW,
    GOOD,
    BAD
  }

  DeploymentVersion withConfig(LlmConfig changed) {
    return new DeploymentVersion(id, number, changed, trial);
  }

  DeploymentVersion withTrial(Trial known) {
    return new DeploymentVersion(id, number, config, known);
  }
}
