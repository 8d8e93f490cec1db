package io.phalanx.llm.engine;

/**
 * What rank 0 drew in one step.
 *
 * @param step the {@link ModelInput#step} that this answers
 * @param tokenIds one token for each of {@link ModelInput#samples}, in its order
 */
@SuppressWarnings("ArrayRecordComponent") // a wire value that nobody compares or changes
public record StepOutput(long step, int[] tokenIds) {}
