package io.phalanx.llm.tokenizer.jinja;

import io.phalanx.llm.tokenizer.jinja.Callable.Arguments;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The tests that templates ask with {@code is}. */
final class Tests {

  /** A test: a value, the arguments after its name, and what it may spend. */
  @FunctionalInterface
  interface Test {
    boolean holds(Object value, Arguments arguments, Budget budget);
  }

  private static final Map<String, Test> TESTS = new HashMap<>();

  static {
    types();
    comparisons();
  }

  private Tests() {}

  static @Nullable Test find(String name) {
    return TESTS.get(name);
  }

  /** Applies the test that the first argument names, or asks whether the value is true. */
  static boolean holds(Object value, Arguments arguments, Budget budget) {
    if (arguments.positional().isEmpty()) {
      return Values.isTrue(value);
    }
    String name = arguments.text(0, "test").value();
    Test test = TESTS.get(name);
    if (test == null) {
      throw new TemplateException("no test is named " + name);
    }
    return test.holds(value, arguments.from(1), budget);
  }

  private static void types() {
    define("defined", value -> !(value instanceof Undefined));
    define("undefined", value -> value instanceof Undefined);
    define("none", value -> value == None.NONE);
    define("string", Values::isText);
    define("mapping", value -> value instanceof Map<?, ?>);
    define("sequence", Tests::isIterable);
    define("iterable", Tests::isIterable);
    define("number", Values::isNumeric);
    define("integer", value -> value instanceof Long);
    define("float", value -> value instanceof Double);
    define("boolean", value -> value instanceof Boolean);
    define("true", value -> value.equals(true));
    define("false", value -> value.equals(false));
    define("callable", value -> value instanceof Callable);
    define("odd", value -> Math.floorMod(Values.integer(value), 2) == 1);
    define("even", value -> Math.floorMod(Values.integer(value), 2) == 0);
    define("lower", value -> sameCase(value, Python.str(value).value().toLowerCase(Locale.ROOT)));
    define("upper", value -> sameCase(value, Python.str(value).value().toUpperCase(Locale.ROOT)));
  }

  private static boolean sameCase(Object value, String recased) {
    String text = Python.str(value).value();
    return text.equals(recased) && text.chars().anyMatch(Character::isLetter);
  }

  private static boolean isIterable(Object value) {
    return value instanceof Text
        || value instanceof List<?>
        || value instanceof Map<?, ?>
        || value instanceof Undefined;
  }

  private static void comparisons() {
    Map<String, List<String>> namesOfOperators =
        Map.of(
            "==", List.of("eq", "equalto", "sameas"),
            "!=", List.of("ne"),
            ">", List.of("gt", "greaterthan"),
            ">=", List.of("ge"),
            "<", List.of("lt", "lessthan"),
            "<=", List.of("le"),
            "in", List.of("in"));
    namesOfOperators.forEach(
        (operator, names) -> {
          Test test =
              (value, arguments, budget) ->
                  Operators.compare(operator, value, arguments.require(0, "other"), budget);
          TESTS.put(operator, test);
          names.forEach(name -> TESTS.put(name, test));
        });
    TESTS.put(
        "divisibleby",
        (value, arguments, budget) ->
            Values.areEqual(Operators.binary("%", value, arguments.require(0, "num"), budget), 0L));
  }

  private static void define(String name, Predicate<Object> test) {
    TESTS.put(name, (value, arguments, budget) -> test.test(value));
  }
}
