package io.phalanx.llm.engine;

import java.util.ArrayList;
import java.util.List;

/** Who computes how many tokens in one step, and how much that is together. */
final class SchedulerOutput {

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

  private final List<Scheduled> scheduled = new ArrayList<>();
  private int numTokens;
  private int numSamples;
  private double attention;

  /** Adds the sequence's next tokens. */
  void add(Sequence sequence, int tokens) {
    int first = sequence.numScheduledTokens();
    boolean samples = first + tokens == sequence.numTokens();
    scheduled.add(new Scheduled(sequence, first, tokens, samples));
    numTokens += tokens;
    numSamples += samples ? 1 : 0;
    attention += StepCostModel.attention(first, tokens);
  }

  /** Returns the sequences of the step, in the order of the {@link ModelInput}. */
  List<Scheduled> scheduled() {
    return scheduled;
  }

  /** Returns the tokens of all sequences. */
  int numTokens() {
    return numTokens;
  }

  /** Returns the sequences whose next token is drawn. */
  int numSamples() {
    return numSamples;
  }

  /** Returns the pairs of a token and one that it attends to. */
  double attention() {
    return attention;
  }
}
