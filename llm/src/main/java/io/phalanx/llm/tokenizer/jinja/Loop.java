package io.phalanx.llm.tokenizer.jinja;

import java.util.List;

/** The {@code loop} variable of a {@code for} statement. */
final class Loop implements Attributes, Callable {
  private final List<Object> items;
  private final int depth;
  private final Callable recursion;
  private int index;
  private Object lastChanged = new Undefined("changed");

  Loop(List<Object> items, int depth, Callable recursion) {
    this.items = items;
    this.depth = depth;
    this.recursion = recursion;
  }

  void moveTo(int newIndex) {
    index = newIndex;
  }

  int depth() {
    return depth;
  }

  @Override
  public Object call(Arguments arguments, Budget budget) {
    return recursion.call(arguments, budget);
  }

  @Override
  public Object attribute(String name) {
    return switch (name) {
      case "index" -> index + 1L;
      case "index0" -> (long) index;
      case "revindex" -> (long) items.size() - index;
      case "revindex0" -> items.size() - index - 1L;
      case "first" -> index == 0;
      case "last" -> index == items.size() - 1;
      case "length" -> (long) items.size();
      case "depth" -> (long) depth;
      case "depth0" -> depth - 1L;
      case "previtem" -> index > 0 ? items.get(index - 1) : new Undefined(name);
      case "nextitem" -> index + 1 < items.size() ? items.get(index + 1) : new Undefined(name);
      case "cycle" -> (Callable) (arguments, budget) -> cycle(arguments.positional());
      case "changed" -> (Callable) (arguments, budget) -> changed(arguments.positional());
      default -> new Undefined(name);
    };
  }

  private Object cycle(List<Object> values) {
    if (values.isEmpty()) {
      throw new TemplateException("loop.cycle needs a value");
    }
    return values.get(index % values.size());
  }

  private boolean changed(List<Object> values) {
    boolean changed = !lastChanged.equals(values);
    lastChanged = values;
    return changed;
  }
}
