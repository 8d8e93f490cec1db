package io.phalanx.llm.tokenizer.jinja;

import java.util.HashMap;
import java.util.Map;

/** Jinja's {@code namespace}: the one value that a template can change. */
final class Namespace implements Attributes {
  private final Map<String, Object> values;

  Namespace(Map<String, Object> values) {
    this.values = new HashMap<>(values);
  }

  @Override
  public Object attribute(String name) {
    return values.getOrDefault(name, new Undefined(name));
  }

  void set(String name, Object value) {
    values.put(name, value);
  }
}
