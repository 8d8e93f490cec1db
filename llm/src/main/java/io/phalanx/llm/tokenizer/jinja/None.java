package io.phalanx.llm.tokenizer.jinja;

/** Python's {@code None}. */
enum None {
  NONE
}
