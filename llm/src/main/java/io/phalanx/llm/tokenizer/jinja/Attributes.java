package io.phalanx.llm.tokenizer.jinja;

/** A value whose attributes are made by the interpreter, such as {@code loop}. */
interface Attributes {

  /** Returns the attribute, or an {@link Undefined}. */
  Object attribute(String name);
}
