package io.phalanx.llm.tokenizer.jinja;

import java.time.Duration;

/**
 * What one rendering may cost at most.
 *
 * @param maxSteps statements, loop rounds and calls
 * @param maxLength characters of the output and of any text on the way to it
 * @param maxTime wall-clock time
 */
public record Limits(long maxSteps, long maxLength, Duration maxTime) {
  private static final long STEPS = 2_000_000;
  private static final long LENGTH = 1 << 20;

  /** Returns the limits for messages of {@code inputLength} characters together. */
  public static Limits forInput(long inputLength) {
    return new Limits(STEPS, LENGTH + 2 * inputLength, Duration.ofSeconds(1));
  }
}
