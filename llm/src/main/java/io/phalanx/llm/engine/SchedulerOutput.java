package io.phalanx.llm.engine;

import java.util.List;

/**
 * Who computes how many tokens in one step.
 *
 * @param scheduled the sequences of the step, in the order of the {@link ModelInput}; never empty
 */
record SchedulerOutput(List<Scheduled> scheduled) {

  /**
   * One sequence's share of a step.
   *
   * @param sequence whose tokens
   * @param firstToken index of the first token computed
   * @param numTokens tokens computed, at least 1
   * @param samples whether the step reaches the sequence's last token, so that the next one is
   *     drawn
   */
  record Scheduled(Sequence sequence, int firstToken, int numTokens, boolean samples) {}

  SchedulerOutput {
    scheduled = List.copyOf(scheduled);
  }
}
