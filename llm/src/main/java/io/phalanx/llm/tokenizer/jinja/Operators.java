package io.phalanx.llm.tokenizer.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Python's operators, attribute access and subscripts over template values. */
final class Operators {

  private Operators() {}

  static Object binary(String operator, Object left, Object right, Budget budget) {
    return switch (operator) {
      case "+" -> add(left, right, budget);
      case "*" -> multiply(left, right, budget);
      case "%" ->
          left instanceof Long a && right instanceof Long b
              ? Math.floorMod(a, nonZero(b))
              : (Object) floorMod(Values.number(left), Values.number(right));
      case "//" ->
          left instanceof Long a && right instanceof Long b
              ? Math.floorDiv(a, nonZero(b))
              : (Object) Math.floor(divide(left, right));
      case "/" -> divide(left, right);
      case "-" ->
          isWhole(left, right)
              ? Values.integer(left) - Values.integer(right)
              : (Object) (Values.number(left) - Values.number(right));
      case "**" -> power(left, right);
      default -> compare(operator, left, right, budget);
    };
  }

  private static boolean isWhole(Object left, Object right) {
    return !(left instanceof Double) && !(right instanceof Double);
  }

  private static long nonZero(long divisor) {
    if (divisor == 0) {
      throw new TemplateException("division by zero");
    }
    return divisor;
  }

  private static double divide(Object left, Object right) {
    double divisor = Values.number(right);
    if (divisor == 0) {
      throw new TemplateException("division by zero");
    }
    return Values.number(left) / divisor;
  }

  private static double floorMod(double left, double right) {
    return left - right * Math.floor(divide(left, right));
  }

  private static Object power(Object left, Object right) {
    double result = Math.pow(Values.number(left), Values.number(right));
    return isWhole(left, right) && Math.abs(result) < 1L << 53 && result == Math.rint(result)
        ? (Object) (long) result
        : (Object) result;
  }

  private static Object add(Object left, Object right, Budget budget) {
    if (left instanceof Text a && right instanceof Text b) {
      return concat(List.of(a, b), budget);
    }
    if (left instanceof List<?> a && right instanceof List<?> b) {
      budget.spendSteps((long) a.size() + b.size());
      List<Object> sum = new ArrayList<>(a);
      sum.addAll(b);
      return sum;
    }
    if (!Values.isNumeric(left) || !Values.isNumeric(right)) {
      throw Values.wrongType(
          left instanceof Text ? "text" : "a number", left instanceof Text ? right : left);
    }
    return isWhole(left, right)
        ? Values.integer(left) + Values.integer(right)
        : (Object) (Values.number(left) + Values.number(right));
  }

  private static Object multiply(Object left, Object right, Budget budget) {
    if (left instanceof Text || left instanceof List<?>) {
      return repeat(left, Values.integer(right), budget);
    }
    if (right instanceof Text || right instanceof List<?>) {
      return repeat(right, Values.integer(left), budget);
    }
    return isWhole(left, right)
        ? Values.integer(left) * Values.integer(right)
        : (Object) (Values.number(left) * Values.number(right));
  }

  private static Object repeat(Object value, long times, Budget budget) {
    Text.Builder text = new Text.Builder(budget);
    List<Object> list = new ArrayList<>();
    for (long i = 0; i < times; i++) {
      budget.spendStep();
      if (value instanceof Text part) {
        text.append(part);
      } else {
        budget.spendSteps(Values.length(value));
        list.addAll(Values.list(value));
      }
    }
    return value instanceof Text ? text.build() : list;
  }

  /** Joins texts, each character with its writer. */
  static Text concat(List<Text> parts, Budget budget) {
    Text.Builder builder = new Text.Builder(budget);
    parts.forEach(builder::append);
    return builder.build();
  }

  static boolean compare(String operator, Object left, Object right, Budget budget) {
    return switch (operator) {
      case "==" -> Values.areEqual(left, right);
      case "!=" -> !Values.areEqual(left, right);
      case "<" -> Values.compare(left, right) < 0;
      case ">" -> Values.compare(left, right) > 0;
      case "<=" -> Values.compare(left, right) <= 0;
      case ">=" -> Values.compare(left, right) >= 0;
      case "in" -> contains(right, left, budget);
      case "not in" -> !contains(right, left, budget);
      default -> throw new TemplateException("unknown operator " + operator);
    };
  }

  static boolean contains(Object container, Object value, Budget budget) {
    if (container instanceof Text text) {
      budget.spendSteps(1 + text.length() / 64);
      return text.value().contains(Values.text(value).value());
    }
    if (container instanceof Map<?, ?> map) {
      return map.containsKey(value);
    }
    if (container instanceof Undefined || container instanceof List<?>) {
      List<Object> elements = Values.elements(container, budget);
      budget.spendSteps(elements.size());
      return elements.stream().anyMatch(element -> Values.areEqual(element, value));
    }
    throw Values.wrongType("a container", container);
  }

  static Object negate(Object value) {
    return value instanceof Double number ? (Object) (-number) : (Object) (-Values.integer(value));
  }

  /** Returns {@code value.name}: a method or attribute first, then an entry. */
  static Object attribute(Object value, String name) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (value instanceof Attributes attributes) {
      return attributes.attribute(name);
    }
    Callable method = Methods.find(value, name);
    if (method != null) {
      return method;
    }
    return value instanceof Map<?, ?>
        ? entry(value, Text.ofTemplate(name), name)
        : new Undefined(name);
  }

  /** Returns {@code value[key]}: an entry first, then a method or attribute. */
  static Object subscript(Object value, Object key) {
    if (value instanceof Undefined undefined) {
      throw undefined.error();
    }
    if (value instanceof Map<?, ?> map && map.containsKey(key)) {
      return entry(value, key, "");
    }
    if (key instanceof Text name) {
      return attribute(value, name.value());
    }
    if (key instanceof Long position && (value instanceof List<?> || value instanceof Text)) {
      long length = Values.length(value);
      long index = position < 0 ? position + length : position;
      if (index >= 0 && index < length) {
        return element(value, (int) index);
      }
    }
    return new Undefined(Python.repr(key));
  }

  private static Object entry(Object map, Object key, String name) {
    return Values.map(map).getOrDefault(key, new Undefined(name));
  }

  private static Object element(Object value, int index) {
    if (value instanceof Text text) {
      int from = text.value().offsetByCodePoints(0, index);
      return text.substring(from, text.value().offsetByCodePoints(from, 1));
    }
    return Values.list(value).get(index);
  }

  /** Returns {@code value[from:to:step]}; a bound that is left out is none. */
  static Object slice(Object value, Object from, Object to, Object step, Budget budget) {
    int stride = step == None.NONE ? 1 : Values.index(step);
    if (stride == 0) {
      throw new TemplateException("slice step cannot be zero");
    }
    if (value instanceof Text text && stride == 1) {
      int length = (int) Values.length(value);
      int start = bound(from, 0, length, 0);
      int end = Math.max(start, bound(to, length, length, 0));
      String string = text.value();
      int first = string.offsetByCodePoints(0, start);
      return text.substring(first, string.offsetByCodePoints(first, end - start));
    }
    List<Object> elements = Values.elements(value, budget);
    budget.spendSteps(elements.size());
    List<Object> slice = slice(elements, from, to, stride);
    return value instanceof Text
        ? concat(slice.stream().map(Values::text).toList(), budget)
        : slice;
  }

  private static List<Object> slice(List<Object> elements, Object from, Object to, int stride) {
    int length = elements.size();
    List<Object> slice = new ArrayList<>();
    if (stride > 0) {
      int end = bound(to, length, length, 0);
      for (long i = bound(from, 0, length, 0); i < end; i += stride) {
        slice.add(elements.get((int) i));
      }
    } else {
      int end = bound(to, -1, length, -1);
      for (long i = bound(from, length - 1, length, -1); i > end; i += stride) {
        slice.add(elements.get((int) i));
      }
    }
    return Collections.unmodifiableList(slice);
  }

  /** Clamps a slice bound as Python does; {@code shift} is -1 for slices that go backwards. */
  private static int bound(Object bound, int otherwise, int length, int shift) {
    if (bound == None.NONE) {
      return otherwise;
    }
    int index = Values.index(bound);
    return Math.max(shift, Math.min(length + shift, index < 0 ? index + length : index));
  }
}
