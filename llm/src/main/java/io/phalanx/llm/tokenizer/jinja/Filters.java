package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Callable.Arguments;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The filters that templates apply with {@code |}. */
final class Filters {

  /** A filter: a value, the arguments in its parentheses, and what it may spend. */
  @FunctionalInterface
  interface Filter {
    Object apply(Object value, Arguments arguments, Budget budget);
  }

  private static final Map<String, Filter> FILTERS = new HashMap<>();

  static {
    texts();
    sequences();
    selections();
    NumberFilters.addTo(FILTERS);
    FILTERS.put("e", FILTERS.get("escape"));
    FILTERS.put("d", FILTERS.get("default"));
    FILTERS.put("count", FILTERS.get("length"));
  }

  private Filters() {}

  static @Nullable Filter find(String name) {
    return FILTERS.get(name);
  }

  private static void texts() {
    for (String name : List.of("upper", "lower", "title", "capitalize")) {
      FILTERS.put(
          name, (value, arguments, budget) -> Methods.recase(Python.str(value), name, budget));
    }
    FILTERS.put(
        "trim",
        (value, arguments, budget) -> Methods.strip(Python.str(value), arguments, true, true));
    FILTERS.put(
        "replace",
        (value, arguments, budget) -> Methods.replace(Python.str(value), arguments, budget));
    FILTERS.put("string", (value, arguments, budget) -> charged(Python.str(value), budget));
    FILTERS.put("safe", (value, arguments, budget) -> Python.str(value));
    FILTERS.put("tojson", Filters::toJson);
    FILTERS.put("escape", (value, arguments, budget) -> escape(Python.str(value), budget));
    FILTERS.put("indent", Filters::indent);
    FILTERS.put(
        "default",
        (value, arguments, budget) ->
            value instanceof Undefined || (arguments.flag(1, "boolean") && !Values.isTrue(value))
                ? arguments.get(0, "default_value", Text.EMPTY)
                : value);
  }

  private static void sequences() {
    FILTERS.put("length", (value, arguments, budget) -> Values.length(value));
    FILTERS.put("list", (value, arguments, budget) -> copy(value, budget));
    FILTERS.put("first", (value, arguments, budget) -> end(value, budget, false));
    FILTERS.put("last", (value, arguments, budget) -> end(value, budget, true));
    FILTERS.put("join", Filters::join);
    FILTERS.put("reverse", Filters::reverse);
    FILTERS.put("sort", Filters::sort);
    FILTERS.put(
        "unique",
        (value, arguments, budget) -> new ArrayList<>(new LinkedHashSet<>(copy(value, budget))));
    FILTERS.put(
        "items",
        (value, arguments, budget) ->
            value instanceof Undefined ? List.of() : Methods.items(Values.map(value)));
    FILTERS.put("dictsort", Filters::sortedItems);
  }

  private static void selections() {
    FILTERS.put("map", Filters::map);
    FILTERS.put("select", (value, arguments, budget) -> select(value, arguments, budget, true));
    FILTERS.put("reject", (value, arguments, budget) -> select(value, arguments, budget, false));
    FILTERS.put(
        "selectattr",
        (value, arguments, budget) -> selectByAttribute(value, arguments, budget, true));
    FILTERS.put(
        "rejectattr",
        (value, arguments, budget) -> selectByAttribute(value, arguments, budget, false));
  }

  private static Text charged(Text text, Budget budget) {
    budget.spendLength(text.length(), text.length());
    return text;
  }

  private static Text escape(Text text, Budget budget) {
    return charged(
        text.respelled(
            text.value()
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("'", "&#39;")
                .replace("\"", "&#34;")),
        budget);
  }

  /** Returns the elements in a list that may be changed, each charged. */
  static List<Object> copy(Object value, Budget budget) {
    List<Object> elements = Values.elements(value, budget);
    budget.spendSteps(elements.size());
    return new ArrayList<>(elements);
  }

  private static Object toJson(Object value, Arguments arguments, Budget budget) {
    Object indent = arguments.get(1, "indent", None.NONE);
    Object separators = arguments.get(2, "separators", None.NONE);
    boolean wide = indent != None.NONE;
    List<Object> pair =
        separators instanceof List<?> && Values.length(separators) == 2
            ? Values.list(separators)
            : List.of(Text.ofTemplate(wide ? "," : ", "), Text.ofTemplate(": "));
    int width = wide ? Math.max(0, Math.min(16, Values.index(indent))) : -1;
    return charged(
        Python.json(
            value,
            new Python.JsonStyle(
                width,
                Values.text(pair.get(0)).value(),
                Values.text(pair.get(1)).value(),
                arguments.flag(0, "ensure_ascii"),
                arguments.flag(3, "sort_keys"))),
        budget);
  }

  private static Object indent(Object value, Arguments arguments, Budget budget) {
    Object width = arguments.get(0, "width", 4L);
    Text margin =
        width instanceof Text text
            ? text
            : Text.ofTemplate(" ".repeat(Math.max(0, Math.min(256, Values.index(width)))));
    boolean first = arguments.flag(1, "first");
    boolean blank = arguments.flag(2, "blank");
    Text newLine = Text.ofTemplate("\n");
    Text.Builder out = new Text.Builder(budget);
    List<Object> lines = Methods.split(Python.str(value), "\n", Long.MAX_VALUE, budget);
    for (int i = 0; i < lines.size(); i++) {
      Text line = Values.text(lines.get(i));
      boolean indented = i == 0 ? first : blank || !line.isEmpty();
      out.append(i == 0 ? Text.EMPTY : newLine).append(indented ? margin : Text.EMPTY).append(line);
    }
    return out.build();
  }

  private static Object end(Object value, Budget budget, boolean last) {
    List<Object> elements = Values.elements(value, budget);
    if (elements.isEmpty()) {
      return new Undefined(last ? "last" : "first");
    }
    return elements.get(last ? elements.size() - 1 : 0);
  }

  private static Object join(Object value, Arguments arguments, Budget budget) {
    Object attribute = arguments.get(1, "attribute", None.NONE);
    List<Object> elements = copy(value, budget);
    if (attribute != None.NONE) {
      elements.replaceAll(element -> attribute(element, attribute));
    }
    return Methods.join(elements, Python.str(arguments.get(0, "d", Text.EMPTY)), budget);
  }

  private static Object reverse(Object value, Arguments arguments, Budget budget) {
    List<Object> elements = copy(value, budget);
    Collections.reverse(elements);
    return value instanceof Text
        ? Operators.concat(elements.stream().map(Values::text).toList(), budget)
        : elements;
  }

  private static Object sort(Object value, Arguments arguments, Budget budget) {
    Object attribute = arguments.get(2, "attribute", None.NONE);
    boolean caseSensitive = arguments.flag(1, "case_sensitive");
    List<Object> elements = copy(value, budget);
    Comparator<Object> order =
        (a, b) -> {
          budget.spendStep();
          return Values.compare(
              sortKey(attribute(a, attribute), caseSensitive),
              sortKey(attribute(b, attribute), caseSensitive));
        };
    elements.sort(arguments.flag(0, "reverse") ? order.reversed() : order);
    return elements;
  }

  private static Object sortKey(Object value, boolean caseSensitive) {
    return value instanceof Text text && !caseSensitive
        ? Text.ofTemplate(text.value().toLowerCase(Locale.ROOT))
        : value;
  }

  private static Object sortedItems(Object value, Arguments arguments, Budget budget) {
    List<Object> items = Methods.items(Values.map(value));
    int by = arguments.get(1, "by", None.NONE).toString().equals("value") ? 1 : 0;
    Arguments byKey =
        new Arguments(
            List.of(),
            Map.of(
                "attribute", (long) by,
                "case_sensitive", arguments.get(0, "case_sensitive", false),
                "reverse", arguments.get(2, "reverse", false)));
    return sort(items, byKey, budget);
  }

  /** Returns what a name with dots, or a position, finds in a value. */
  private static Object attribute(Object value, Object name) {
    if (name == None.NONE) {
      return value;
    }
    if (!(name instanceof Text path)) {
      return Operators.subscript(value, name);
    }
    Object found = value;
    for (String part : path.value().split("\\.", -1)) {
      found = Operators.subscript(found, Text.ofTemplate(part));
    }
    return found;
  }

  private static Object map(Object value, Arguments arguments, Budget budget) {
    List<Object> elements = copy(value, budget);
    Object attribute = arguments.named().get("attribute");
    if (attribute != null) {
      Object otherwise = arguments.named().get("default");
      elements.replaceAll(
          element -> {
            Object found = attribute(element, attribute);
            return found instanceof Undefined && otherwise != null ? otherwise : found;
          });
      return elements;
    }
    String name = arguments.text(0, "filter").value();
    Filter filter = FILTERS.get(name);
    if (filter == null) {
      throw new TemplateException("no filter is named " + name);
    }
    elements.replaceAll(element -> filter.apply(element, arguments.from(1), budget));
    return elements;
  }

  private static Object select(Object value, Arguments arguments, Budget budget, boolean keep) {
    List<Object> elements = copy(value, budget);
    elements.removeIf(element -> Tests.holds(element, arguments, budget) != keep);
    return elements;
  }

  private static Object selectByAttribute(
      Object value, Arguments arguments, Budget budget, boolean keep) {
    Object name = arguments.require(0, "attribute");
    List<Object> elements = copy(value, budget);
    elements.removeIf(
        element -> Tests.holds(attribute(element, name), arguments.from(1), budget) != keep);
    return elements;
  }
}
