package io.phalanx.llm.tokenizer.jinja;

/** What is left of a rendering's {@link Limits}; belongs to one rendering. */
final class Budget {
  private static final int STEPS_PER_CLOCK_READING = 256;
  private static final int MAX_CALL_DEPTH = 64;

  /** Texts that are thrown away again count too, but not as strictly as the output. */
  private static final long WASTE_FACTOR = 64;

  private final Limits limits;
  private final long deadlineNanos;
  private long steps;
  private long length;
  private long nextClockReading;
  private int callDepth;

  Budget(Limits limits) {
    this.limits = limits;
    deadlineNanos = System.nanoTime() + limits.maxTime().toNanos();
  }

  void spendStep() {
    spendSteps(1);
  }

  void spendSteps(long count) {
    steps += count;
    if (steps > limits.maxSteps()) {
      throw new TemplateException("it takes more than " + limits.maxSteps() + " steps");
    }
    if (steps >= nextClockReading) {
      nextClockReading = steps + STEPS_PER_CLOCK_READING;
      checkTime();
    }
  }

  /** Accounts for {@code added} characters of a text that is {@code total} long with them. */
  void spendLength(long added, long total) {
    length += added;
    if (total > limits.maxLength() || length > WASTE_FACTOR * limits.maxLength()) {
      throw new TemplateException("it writes more than " + limits.maxLength() + " characters");
    }
    spendSteps(1 + added / STEPS_PER_CLOCK_READING);
  }

  void enterCall() {
    if (++callDepth > MAX_CALL_DEPTH) {
      throw new TemplateException("macros call each other more than " + MAX_CALL_DEPTH + " deep");
    }
  }

  void leaveCall() {
    callDepth--;
  }

  private void checkTime() {
    if (System.nanoTime() - deadlineNanos > 0) {
      throw new TemplateException("it takes longer than " + limits.maxTime().toMillis() + " ms");
    }
  }
}
