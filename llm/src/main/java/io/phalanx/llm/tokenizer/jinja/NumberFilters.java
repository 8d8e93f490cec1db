package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Callable.Arguments;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;

/** The filters that make numbers of values, and one value of many. */
final class NumberFilters {

  private NumberFilters() {}

  /** Adds the filters by their names. */
  static void addTo(Map<String, Filters.Filter> filters) {
    filters.put("int", (value, arguments, budget) -> toInteger(value, arguments));
    filters.put("float", (value, arguments, budget) -> toReal(value, arguments));
    filters.put("round", (value, arguments, budget) -> round(value, arguments));
    filters.put(
        "abs",
        (value, arguments, budget) -> Values.number(value) < 0 ? Operators.negate(value) : value);
    filters.put("min", (value, arguments, budget) -> extreme(value, budget, -1));
    filters.put("max", (value, arguments, budget) -> extreme(value, budget, 1));
    filters.put(
        "sum",
        (value, arguments, budget) ->
            Filters.copy(value, budget).stream()
                .reduce(0L, (a, b) -> Operators.binary("+", a, b, budget)));
  }

  private static Object toInteger(Object value, Arguments arguments) {
    try {
      if (value instanceof Text text) {
        return new BigDecimal(text.value().strip().replace("_", "")).longValue();
      }
      return (long) Values.number(value);
    } catch (NumberFormatException | TemplateException e) {
      return arguments.get(0, "default", 0L);
    }
  }

  private static Object toReal(Object value, Arguments arguments) {
    try {
      return value instanceof Text text
          ? Double.parseDouble(text.value().strip())
          : Values.number(value);
    } catch (NumberFormatException | TemplateException e) {
      return arguments.get(0, "default", 0.0);
    }
  }

  private static double round(Object value, Arguments arguments) {
    int digits = Math.max(-15, Math.min(15, Values.index(arguments.get(0, "precision", 0L))));
    String method = arguments.get(1, "method", Text.ofTemplate("common")).toString();
    RoundingMode mode =
        switch (method) {
          case "ceil" -> RoundingMode.CEILING;
          case "floor" -> RoundingMode.FLOOR;
          default -> RoundingMode.HALF_EVEN;
        };
    double number = Values.number(value);
    return Double.isFinite(number)
        ? new BigDecimal(number).setScale(digits, mode).doubleValue()
        : number;
  }

  private static Object extreme(Object value, Budget budget, int sign) {
    return Filters.copy(value, budget).stream()
        .max((a, b) -> sign * Values.compare(a, b))
        .orElseGet(() -> new Undefined(sign < 0 ? "min" : "max"));
  }
}
