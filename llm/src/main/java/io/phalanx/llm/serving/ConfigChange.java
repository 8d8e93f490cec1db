package io.phalanx.llm.serving;

import io.phalanx.llm.LlmConfig;

/** What carrying a deployment over from one configuration to another takes. */
enum ConfigChange {
  /** Nothing. */
  NONE,
  /** Counts, limits or delays: told to those who use them, nothing restarts. */
  LIGHT,
  /** Anything that a running replica cannot change: every replica is replaced by another. */
  HEAVY;

  /** Returns the change between two configurations of one model id. */
  static ConfigChange of(LlmConfig before, LlmConfig after) {
    if (before.equals(after)) {
      return NONE;
    }
    boolean sameReplicas =
        before.modelLoadingConfig().equals(after.modelLoadingConfig())
            && before.acceleratorType().equals(after.acceleratorType())
            && before.engineKwargs().equals(after.engineKwargs())
            && before.placementGroupConfig().equals(after.placementGroupConfig())
            && before
                .deploymentConfig()
                .actorOptions()
                .equals(after.deploymentConfig().actorOptions());
    return sameReplicas ? LIGHT : HEAVY;
  }
}
