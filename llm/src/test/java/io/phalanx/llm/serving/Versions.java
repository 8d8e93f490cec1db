package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;

/** Versions of deployments for tests. */
final class Versions {

  private Versions() {}

  /** Returns a first version, whose id is "1". */
  static DeploymentVersion first(LlmConfig config) {
    return new DeploymentVersion("1", 1, config, DeploymentVersion.Trial.NEW);
  }
}
