package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Callable.Arguments;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Python's methods of texts, mappings and lists, those that change their receiver left out. */
final class Methods {

  private Methods() {}

  /** Returns the method, bound to {@code receiver}, or null if there is none of that name. */
  static @Nullable Callable find(Object receiver, String name) {
    if (receiver instanceof Text text) {
      return ofText(text, name);
    }
    if (receiver instanceof Map<?, ?>) {
      return ofMap(Values.map(receiver), name);
    }
    return receiver instanceof List<?> ? ofList(Values.list(receiver), name) : null;
  }

  private static @Nullable Callable ofText(Text text, String name) {
    return switch (name) {
      case "strip" -> (arguments, budget) -> strip(text, arguments, true, true);
      case "lstrip" -> (arguments, budget) -> strip(text, arguments, true, false);
      case "rstrip" -> (arguments, budget) -> strip(text, arguments, false, true);
      case "split" -> (arguments, budget) -> split(text, arguments, budget, false);
      case "rsplit" -> (arguments, budget) -> split(text, arguments, budget, true);
      case "splitlines" -> (arguments, budget) -> lines(text, budget);
      case "join" ->
          (arguments, budget) ->
              join(Values.elements(arguments.require(0, "iterable"), budget), text, budget);
      case "replace" -> (arguments, budget) -> replace(text, arguments, budget);
      case "startswith" ->
          (arguments, budget) ->
              affixes(arguments).stream().anyMatch(affix -> text.value().startsWith(affix));
      case "endswith" ->
          (arguments, budget) ->
              affixes(arguments).stream().anyMatch(affix -> text.value().endsWith(affix));
      case "removeprefix" -> (arguments, budget) -> removePrefix(text, arguments.text(0, "prefix"));
      case "removesuffix" -> (arguments, budget) -> removeSuffix(text, arguments.text(0, "suffix"));
      case "find" -> (arguments, budget) -> position(text, arguments, false);
      case "rfind" -> (arguments, budget) -> position(text, arguments, true);
      case "count" -> (arguments, budget) -> count(text, arguments.text(0, "sub"), budget);
      case "upper", "lower", "title", "capitalize" ->
          (arguments, budget) -> recase(text, name, budget);
      case "isdigit" ->
          (arguments, budget) ->
              !text.isEmpty() && text.value().chars().allMatch(Character::isDigit);
      case "isspace" ->
          (arguments, budget) ->
              !text.isEmpty() && text.value().chars().allMatch(c -> Text.isSpace((char) c));
      default -> null;
    };
  }

  private static @Nullable Callable ofMap(Map<Object, Object> map, String name) {
    return switch (name) {
      case "items" -> (arguments, budget) -> items(map);
      case "keys" -> (arguments, budget) -> new ArrayList<>(map.keySet());
      case "values" -> (arguments, budget) -> new ArrayList<>(map.values());
      case "get" ->
          (arguments, budget) ->
              map.getOrDefault(arguments.require(0, "key"), arguments.get(1, "default", None.NONE));
      default -> null;
    };
  }

  private static @Nullable Callable ofList(List<Object> list, String name) {
    return switch (name) {
      case "count" ->
          (arguments, budget) -> {
            budget.spendSteps(list.size());
            return list.stream()
                .filter(element -> Values.areEqual(element, arguments.require(0, "value")))
                .count();
          };
      case "index" ->
          (arguments, budget) -> {
            budget.spendSteps(list.size());
            return (long) list.indexOf(arguments.require(0, "value"));
          };
      default -> null;
    };
  }

  static List<Object> items(Map<Object, Object> map) {
    List<Object> items = new ArrayList<>();
    map.forEach((key, value) -> items.add(new Tuple(List.of(key, value))));
    return items;
  }

  static Text strip(Text text, Arguments arguments, boolean left, boolean right) {
    Object characters = arguments.get(0, "chars", None.NONE);
    return text.strip(characters == None.NONE ? "" : Values.text(characters).value(), left, right);
  }

  private static List<String> affixes(Arguments arguments) {
    Object affix = arguments.require(0, "affix");
    List<Object> affixes = affix instanceof List<?> ? Values.list(affix) : List.of(affix);
    return affixes.stream().map(element -> Values.text(element).value()).toList();
  }

  private static Text removePrefix(Text text, Text prefix) {
    return text.value().startsWith(prefix.value())
        ? text.substring(prefix.length(), text.length())
        : text;
  }

  private static Text removeSuffix(Text text, Text suffix) {
    return text.value().endsWith(suffix.value())
        ? text.substring(0, text.length() - suffix.length())
        : text;
  }

  private static long position(Text text, Arguments arguments, boolean last) {
    String sub = arguments.text(0, "sub").value();
    int index = last ? text.value().lastIndexOf(sub) : text.value().indexOf(sub);
    return index < 0 ? -1 : text.value().codePointCount(0, index);
  }

  private static long count(Text text, Text sub, Budget budget) {
    if (sub.isEmpty()) {
      return Values.length(text) + 1;
    }
    long count = 0;
    for (int i = text.value().indexOf(sub.value()); i >= 0; count++) {
      budget.spendStep();
      i = text.value().indexOf(sub.value(), i + sub.length());
    }
    return count;
  }

  private static List<Object> split(
      Text text, Arguments arguments, Budget budget, boolean fromRight) {
    Object separator = arguments.get(0, "sep", None.NONE);
    long most = Values.integer(arguments.get(1, "maxsplit", -1L));
    budget.spendLength(text.length(), text.length());
    long limit = most < 0 ? Long.MAX_VALUE : most;
    if (separator == None.NONE) {
      return splitAtSpace(text, limit, budget);
    }
    String by = Values.text(separator).value();
    if (by.isEmpty()) {
      throw new TemplateException("empty separator");
    }
    return fromRight ? splitFromRight(text, by, limit, budget) : split(text, by, limit, budget);
  }

  static List<Object> split(Text text, String by, long limit, Budget budget) {
    List<Object> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.value().indexOf(by); at >= 0 && parts.size() < limit; ) {
      budget.spendStep();
      parts.add(text.substring(from, at));
      from = at + by.length();
      at = text.value().indexOf(by, from);
    }
    parts.add(text.substring(from, text.length()));
    return parts;
  }

  private static List<Object> splitFromRight(Text text, String by, long limit, Budget budget) {
    List<Object> parts = new ArrayList<>();
    int to = text.length();
    for (int at = text.value().lastIndexOf(by); at >= 0 && parts.size() < limit; ) {
      budget.spendStep();
      parts.add(0, text.substring(at + by.length(), to));
      to = at;
      at = at < by.length() ? -1 : text.value().lastIndexOf(by, at - by.length());
    }
    parts.add(0, text.substring(0, to));
    return parts;
  }

  private static List<Object> splitAtSpace(Text text, long limit, Budget budget) {
    List<Object> parts = new ArrayList<>();
    Text rest = text.strip("", true, false);
    while (!rest.isEmpty()) {
      budget.spendStep();
      int end = 0;
      while (end < rest.length() && !Text.isSpace(rest.value().charAt(end))) {
        end++;
      }
      end = parts.size() < limit ? end : rest.strip("", false, true).length();
      parts.add(rest.substring(0, end));
      int next = end;
      while (next < rest.length() && Text.isSpace(rest.value().charAt(next))) {
        next++;
      }
      rest = rest.substring(next, rest.length());
    }
    return parts;
  }

  private static List<Object> lines(Text text, Budget budget) {
    budget.spendLength(text.length(), text.length());
    List<Object> lines = new ArrayList<>();
    int from = 0;
    while (from < text.length()) {
      budget.spendStep();
      int end = from;
      while (end < text.length() && "\n\r".indexOf(text.value().charAt(end)) < 0) {
        end++;
      }
      lines.add(text.substring(from, end));
      from = text.value().startsWith("\r\n", end) ? end + 2 : end + 1;
    }
    return lines;
  }

  static Text join(List<Object> elements, Text separator, Budget budget) {
    Text.Builder joined = new Text.Builder(budget);
    for (int i = 0; i < elements.size(); i++) {
      joined.append(i == 0 ? Text.EMPTY : separator).append(Python.str(elements.get(i)));
    }
    return joined.build();
  }

  /** Replaces texts, each character with its writer. */
  static Text replace(Text text, Arguments arguments, Budget budget) {
    Text old = arguments.text(0, "old");
    Text replacement = arguments.text(1, "new");
    long most = Values.integer(arguments.get(2, "count", -1L));
    long limit = most < 0 ? Long.MAX_VALUE : most;
    List<Object> parts =
        old.isEmpty() ? betweenCharacters(text, budget) : split(text, old.value(), limit, budget);
    return join(parts, replacement, budget);
  }

  private static List<Object> betweenCharacters(Text text, Budget budget) {
    List<Object> parts = new ArrayList<>(Values.elements(text, budget));
    parts.add(0, Text.EMPTY);
    parts.add(Text.EMPTY);
    return parts;
  }

  static Text recase(Text text, String name, Budget budget) {
    budget.spendLength(text.length(), text.length());
    String value = text.value();
    return text.respelled(
        switch (name) {
          case "upper" -> value.toUpperCase(Locale.ROOT);
          case "lower" -> value.toLowerCase(Locale.ROOT);
          case "title" -> title(value);
          default ->
              value.isEmpty()
                  ? value
                  : value.substring(0, 1).toUpperCase(Locale.ROOT)
                      + value.substring(1).toLowerCase(Locale.ROOT);
        });
  }

  private static String title(String value) {
    StringBuilder out = new StringBuilder(value.length());
    boolean inWord = false;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      out.append(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isLetter(c);
    }
    return out.toString();
  }
}
