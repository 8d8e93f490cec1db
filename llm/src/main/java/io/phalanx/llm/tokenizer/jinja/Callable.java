package io.phalanx.llm.tokenizer.jinja;

import java.util.List;
import java.util.Map;

/** Something that a template can call: a method of a value, a global function or a macro. */
@FunctionalInterface
interface Callable {

  Object call(Arguments arguments, Budget budget);

  /** What a call, filter or test is given. */
  record Arguments(List<Object> positional, Map<String, Object> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());

    /** Returns an argument by position or name, or {@code otherwise}. */
    Object get(int index, String name, Object otherwise) {
      return index < positional.size()
          ? positional.get(index)
          : named.getOrDefault(name, otherwise);
    }

    Object require(int index, String name) {
      Object value = get(index, name, None.NONE);
      if (value == None.NONE && index >= positional.size() && !named.containsKey(name)) {
        throw new TemplateException("an argument is missing: " + name);
      }
      return value;
    }

    Text text(int index, String name) {
      return Values.text(require(index, name));
    }

    boolean flag(int index, String name) {
      return Values.isTrue(get(index, name, false));
    }

    /** Returns the arguments from {@code index} on, the named ones included. */
    Arguments from(int index) {
      return new Arguments(
          positional.subList(Math.min(index, positional.size()), positional.size()), named);
    }
  }
}
