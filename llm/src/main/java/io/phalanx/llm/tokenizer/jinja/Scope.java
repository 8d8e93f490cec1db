package io.phalanx.llm.tokenizer.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The variables that a statement sees; a loop's or macro's own hide those outside. */
final class Scope {
  private final @Nullable Scope parent;
  private final Map<String, Object> variables = new HashMap<>();
  private final Budget budget;

  Scope(Budget budget) {
    this(null, budget);
  }

  private Scope(@Nullable Scope parent, Budget budget) {
    this.parent = parent;
    this.budget = budget;
  }

  Scope child() {
    return new Scope(this, budget);
  }

  Budget budget() {
    return budget;
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.parent) {
      Object value = scope.variables.get(name);
      if (value != null) {
        return value;
      }
    }
    return new Undefined(name);
  }

  void set(String name, Object value) {
    variables.put(name, value);
  }
}
