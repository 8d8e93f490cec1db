package io.phalanx.llm.tokenizer.jinja;

/** The value of a name or attribute that does not exist: empty text, false, and no attributes. */
record Undefined(String name) {

  TemplateException error() {
    return new TemplateException("'" + name + "' is undefined");
  }
}
