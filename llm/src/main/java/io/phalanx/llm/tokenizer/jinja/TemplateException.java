package io.phalanx.llm.tokenizer.jinja;

/** A template that cannot be parsed, or that refuses what it is given. */
public final class TemplateException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Creates an exception with a sentence for people. */
  public TemplateException(String message) {
    super(message);
  }

  /** Returns the sentence. */
  public String reason() {
    return String.valueOf(getMessage());
  }
}
