package io.phalanx.llm.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What values mean. A value is {@link None}, {@link Undefined}, a Boolean, Long, Double, {@link
 * Text}, List, Map, {@link Callable} or {@link Attributes}, and never null.
 */
final class Values {
  private static final int MAX_DEPTH = 128;

  private Values() {}

  /** Converts a Java value; its strings become texts through {@code text}. */
  static Object of(@Nullable Object value, Function<String, Text> text) {
    return of(value, text, 0);
  }

  private static Object of(@Nullable Object value, Function<String, Text> text, int depth) {
    if (depth > MAX_DEPTH) {
      throw new TemplateException("a value is nested more than " + MAX_DEPTH + " deep");
    }
    if (value == null) {
      return None.NONE;
    }
    if (value instanceof String string) {
      return text.apply(string);
    }
    if (value instanceof Double || value instanceof Float) {
      return ((Number) value).doubleValue();
    }
    if (value instanceof Number number) {
      return number.longValue();
    }
    if (value instanceof Map<?, ?> map) {
      Map<Object, Object> converted = new LinkedHashMap<>();
      map.forEach((k, v) -> converted.put(of(k, text, depth + 1), of(v, text, depth + 1)));
      return converted;
    }
    if (value instanceof Iterable<?> elements) {
      List<Object> converted = new ArrayList<>();
      elements.forEach(element -> converted.add(of(element, text, depth + 1)));
      return converted;
    }
    if (value instanceof Boolean || value instanceof Text) {
      return value;
    }
    throw new TemplateException("a value of type " + value.getClass().getSimpleName());
  }

  static boolean isTrue(Object value) {
    if (value instanceof Boolean bool) {
      return bool;
    }
    if (value instanceof Number number) {
      return number.doubleValue() != 0;
    }
    if (value instanceof Text text) {
      return !text.isEmpty();
    }
    if (value instanceof List<?> list) {
      return !list.isEmpty();
    }
    if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    }
    return value != None.NONE && !(value instanceof Undefined);
  }

  static boolean isText(Object value) {
    return value instanceof Text;
  }

  /** Returns the value as a text, or refuses it. */
  static Text text(Object value) {
    if (value instanceof Text text) {
      return text;
    }
    throw wrongType("text", value);
  }

  static long integer(Object value) {
    if (value instanceof Long number) {
      return number;
    }
    if (value instanceof Boolean bool) {
      return bool ? 1 : 0;
    }
    throw wrongType("an integer", value);
  }

  static int index(Object value) {
    return (int) Math.max(-Integer.MAX_VALUE, Math.min(Integer.MAX_VALUE, integer(value)));
  }

  @SuppressWarnings("unchecked") // every list of a template is one of values
  static List<Object> list(Object value) {
    return (List<Object>) value;
  }

  @SuppressWarnings("unchecked") // every map of a template is one of values
  static Map<Object, Object> map(Object value) {
    if (value instanceof Map<?, ?>) {
      return (Map<Object, Object>) value;
    }
    throw wrongType("a mapping", value);
  }

  /** Returns what a loop over the value goes through. */
  static List<Object> elements(Object value, Budget budget) {
    if (value instanceof List<?>) {
      return list(value);
    }
    if (value instanceof Map<?, ?> map) {
      return new ArrayList<>(map.keySet());
    }
    if (value instanceof Text text) {
      budget.spendLength(text.length(), text.length());
      return characters(text);
    }
    if (value instanceof Undefined) {
      return List.of();
    }
    throw new TemplateException(typeName(value) + " is not iterable");
  }

  private static List<Object> characters(Text text) {
    List<Object> characters = new ArrayList<>();
    for (int i = 0; i < text.length(); ) {
      int end = text.value().offsetByCodePoints(i, 1);
      characters.add(text.substring(i, end));
      i = end;
    }
    return characters;
  }

  static long length(Object value) {
    if (value instanceof Text text) {
      return text.value().codePointCount(0, text.length());
    }
    if (value instanceof List<?> list) {
      return list.size();
    }
    if (value instanceof Map<?, ?> map) {
      return map.size();
    }
    if (value instanceof Undefined) {
      return 0;
    }
    throw new TemplateException(typeName(value) + " has no length");
  }

  /** Returns whether anything in the value came with the request. */
  static boolean isUserWritten(Object value) {
    if (value instanceof Text text) {
      return text.isUserWritten();
    }
    if (value instanceof List<?> list) {
      return list.stream().anyMatch(Values::isUserWritten);
    }
    return value instanceof Map<?, ?> map
        && (map.keySet().stream().anyMatch(Values::isUserWritten)
            || map.values().stream().anyMatch(Values::isUserWritten));
  }

  /** Returns a text about the value: the user's if anything in the value is. */
  static Text textAbout(Object value, String spelling) {
    return isUserWritten(value) ? Text.ofUser(spelling) : Text.ofTemplate(spelling);
  }

  static boolean areEqual(Object left, Object right) {
    if (isNumeric(left) && isNumeric(right)) {
      return number(left) == number(right);
    }
    if (left instanceof Undefined && right instanceof Undefined) {
      return true;
    }
    return left.equals(right);
  }

  static int compare(Object left, Object right) {
    if (isNumeric(left) && isNumeric(right)) {
      return Double.compare(number(left), number(right));
    }
    if (left instanceof Text a && right instanceof Text b) {
      return a.compareTo(b);
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      return compareLists(a, b);
    }
    throw new TemplateException(typeName(left) + " and " + typeName(right) + " cannot be compared");
  }

  private static int compareLists(List<?> left, List<?> right) {
    for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
      if (!areEqual(left.get(i), right.get(i))) {
        return compare(left.get(i), right.get(i));
      }
    }
    return Integer.compare(left.size(), right.size());
  }

  static boolean isNumeric(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  static double number(Object value) {
    if (value instanceof Boolean bool) {
      return bool ? 1 : 0;
    }
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw wrongType("a number", value);
  }

  static TemplateException wrongType(String wanted, Object value) {
    if (value instanceof Undefined undefined) {
      return undefined.error();
    }
    return new TemplateException(typeName(value) + " is given where " + wanted + " is needed");
  }

  static String typeName(Object value) {
    if (value instanceof Undefined undefined) {
      return "undefined '" + undefined.name() + "'";
    }
    return TYPE_NAMES.stream()
        .filter(entry -> entry.getKey().isInstance(value))
        .map(Map.Entry::getValue)
        .findFirst()
        .orElse("a value");
  }

  private static final List<Map.Entry<Class<?>, String>> TYPE_NAMES =
      Arrays.asList(
          Map.entry(None.class, "none"),
          Map.entry(Text.class, "text"),
          Map.entry(Boolean.class, "a boolean"),
          Map.entry(Long.class, "an integer"),
          Map.entry(Double.class, "a float"),
          Map.entry(List.class, "a list"),
          Map.entry(Map.class, "a mapping"),
          Map.entry(Callable.class, "a function"));
}
