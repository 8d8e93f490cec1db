package io.phalanx.llm.tokenizer;

/** Turns the tokens of one sequence into text as they come; belongs to one thread at a time. */
public interface IncrementalDetokenizer {

  /**
   * Takes the next token.
   *
   * @return the text that is now complete; empty while a character's bytes are unfinished
   */
  String append(int tokenId);

  /** Returns what is left at the end, unfinished bytes as U+FFFD; empty if nothing is. */
  String finish();
}
