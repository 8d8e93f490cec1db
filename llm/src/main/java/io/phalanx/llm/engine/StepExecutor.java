package io.phalanx.llm.engine;

/** Whatever computes a step: all ranks of a replica, or a stand-in of a test. */
@FunctionalInterface
public interface StepExecutor {

  /** Computes one step and returns one token for each of {@link ModelInput#samples}. */
  StepOutput execute(ModelInput input);
}
