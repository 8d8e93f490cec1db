package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;

/**
 * Which gang of a deployment it is.
 *
 * @param version what its replicas serve
 * @param ordinal tells it from the deployment's other gangs, from 0
 */
record GangSpec(DeploymentVersion version, int ordinal) {

  LlmConfig config() {
    return version.config();
  }

  GangSpec withConfig(LlmConfig config) {
    return new GangSpec(version.withConfig(config), ordinal);
  }
}
